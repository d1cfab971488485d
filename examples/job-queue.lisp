;;; A queue of jobs, one a line, kept in a file: "add TEXT", "next", "list".
;;;
;;; Run:    sipc examples/job-queue.lisp
;;; Try:    sipc send jobs.socket "add water the plants"; sipc send jobs.socket next

(require :cl-sipc)

(defparameter *file* "jobs.txt")

(defun load-jobs ()
  (if (probe-file *file*)
      (with-open-file (in *file*)
        (loop for line = (read-line in nil)
              while line
              collect line))
      '()))

(defun save-jobs (jobs)
  (with-open-file (out *file* :direction :output
                              :if-exists :supersede
                              :if-does-not-exist :create)
    (dolist (job jobs)
      (write-line job out))))

(defun split-command (text)
  (let ((space (position #\Space text)))
    (if space
        (values (subseq text 0 space) (string-trim " " (subseq text (1+ space))))
        (values text ""))))

(defun perform (text)
  (multiple-value-bind (command argument) (split-command text)
    (let ((jobs (load-jobs)))
      (cond
        ((string-equal command "add")
         (save-jobs (append jobs (list argument)))
         (format nil "~d job~:p waiting" (1+ (length jobs))))
        ((string-equal command "next")
         (if (null jobs)
             "nothing to do"
             (progn (save-jobs (rest jobs))
                    (first jobs))))
        ((string-equal command "list")
         (format nil "~:[empty~;~:*~{~a~^; ~}~]" jobs))
        (t (format nil "unknown command ~s" command))))))

(sipc:with-bound-socket (socket "jobs.socket")
  (format t "queue on jobs.socket~%")
  (force-output)
  (sipc:hook socket
             (constantly t)
             (lambda (type message)
               (unless (eql type :close)
                 (sipc:respond
                  (handler-case (perform message)
                    (error (e) (format nil "failed: ~a" e))))
                 t))))
