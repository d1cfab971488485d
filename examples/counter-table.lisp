;;; A server that counts how often each word was sent: state in a hash table.
;;;
;;; Run:    sipc examples/counter-table.lisp
;;; Try:    sipc send counter.socket apple; sipc send counter.socket :all; sipc close counter.socket

(require :cl-sipc)

(defvar *counts* (make-hash-table :test #'equal))

(defun report ()
  "Every word with its count, the most frequent first."
  (let ((pairs '()))
    (maphash (lambda (word count) (push (cons word count) pairs)) *counts*)
    (format nil "~{~a~^, ~}"
            (loop for (word . count) in (sort pairs #'> :key #'cdr)
                  collect (format nil "~a: ~d" word count)))))

(defun answer (word)
  (if (string= word ":all")
      (report)
      (format nil "~:d time~:p" (incf (gethash word *counts* 0)))))

(sipc:with-bound-socket (socket "counter.socket")
  (format t "counting on counter.socket~%")
  (force-output)
  (sipc:hook socket
             (lambda (err) (format t "fault: ~a~%" err) t)
             (lambda (type message)
               (case type
                 (:string (sipc:respond (answer message)) t)
                 (:close (sipc:respond "bye") nil)
                 (t (sipc:respond "text only") t)))))
