;;;; counter.lisp - count words in a text
(defpackage :word-counter
  (:use :cl)
  (:export #:main))
(in-package :word-counter)

(declaim (optimize (speed 1) (safety 3)))

(defvar *counts* (make-hash-table :test #'equal)
  "Word to count.")

(defun split-words (line)
  "Split LINE at anything that is no letter."
  (declare (type string line))
  (let ((words '())
        (current (make-string-output-stream)))
    (flet ((flush ()
             (let ((w (get-output-stream-string current)))
               (when (plusp (length w))
                 (push (string-downcase w) words)))))
      (loop for ch across line
            do (if (alpha-char-p ch)
                   (write-char ch current)
                   (flush)))
      (flush))
    (nreverse words)))

(defun count-words (stream)
  (loop for line = (read-line stream nil nil)
        while line
        do (dolist (w (split-words line))
             (incf (gethash w *counts* 0)))))

(defun top (n)
  (let ((pairs (loop for k being the hash-keys of *counts* using (hash-value v)
                     collect (cons k v))))
    (subseq (sort pairs (lambda (a b)
                          (or (> (cdr a) (cdr b))
                              (and (= (cdr a) (cdr b)) (string< (car a) (car b))))))
            0 (min n (length pairs)))))

(defun main ()
  (with-input-from-string (in "The quick brown fox.
The lazy dog; the end.
Fox and dog and fox!")
    (count-words in))
  (format t "~&~10A | ~5@A~%" "word" "n")
  (format t "~10,,,'-A-+-~5,,,'-A~%" "" "")
  (loop for (word . n) in (top 4)
        do (format t "~10A | ~5D~%" word n))
  (format t "~D distinct word~:P~%" (hash-table-count *counts*)))

(main)
