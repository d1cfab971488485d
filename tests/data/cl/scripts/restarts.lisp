;;; Reading a configuration whose lines may be wrong: the caller decides what becomes of them.
(deftype port () '(integer 1 65535))

(define-condition bad-line (error)
  ((line :initarg :line :reader bad-line-text)
   (number :initarg :number :accessor bad-line-number))
  (:report (lambda (c s) (format s "line ~d: ~s" (bad-line-number c) (bad-line-text c)))))

(defun parse-line (line number)
  (restart-case
      (let ((at (position #\= line)))
        (unless at (error 'bad-line :line line :number number))
        (let ((value (parse-integer line :start (1+ at))))
          (check-type value port)
          (cons (subseq line 0 at) value)))
    (use-value (value)
      :report "Give the value."
      value)
    (skip-line ()
      :report "Go on with the next line."
      nil)))

(defun read-config (lines)
  (let ((number 0) (result nil))
    (dolist (line lines)
      (incf number)
      (when (zerop (length line)) (go next))
      (let ((entry (parse-line line number)))
        (when entry (push entry result)))
      next)
    (nreverse result)))

(defparameter *lines* '("http=80" "" "oops" "ssh=22" "big=70000" "ftp=x" "last=1"))

(print (handler-bind ((bad-line (lambda (c)
                                  (format t "~&~a~%" c)
                                  (invoke-restart 'use-value (cons "default" 1))))
                      (error (lambda (c)
                               (format t "~&skipping, a ~(~a~)~%"
                                       (if (typep c 'type-error) 'type-error 'error))
                               (invoke-restart 'skip-line))))
         (read-config *lines*)))

(print (handler-case (read-config *lines*)
         (bad-line (c) (incf (bad-line-number c) 100) (princ-to-string c))))

(define-modify-macro appendf (&rest lists) append)

(defun warnings-of (thunk)
  (let ((all '()))
    (values (handler-bind ((warning (lambda (w)
                                      (appendf all (list (princ-to-string w)))
                                      (muffle-warning w))))
              (funcall thunk))
            all)))

(print (multiple-value-list
        (warnings-of (lambda () (warn "first") (warn "second ~a" 2) :done))))

(defun retrying (thunk)
  (let ((tries 0))
    (loop
      (with-simple-restart (again "Try again.")
        (return (list tries (handler-bind ((error (lambda (c)
                                                    (declare (ignore c))
                                                    (when (< (incf tries) 3)
                                                      (invoke-restart 'again)))))
                              (funcall thunk tries))))))))

(print (retrying (lambda (n) (if (< n 2) (error "not yet") :ok))))
(print (handler-case (retrying (lambda (n) (error "never ~a" n)))
         (error (e) (princ-to-string e))))

(defun evaluate (text)
  (handler-case (format nil "~s" (eval (read-from-string text)))
    (error (e) (format nil "error: ~a" e))))

(defmacro twice (form) `(list ,form ,form))
(dolist (text '("(+ 1 2)" "(twice 3)" "(defun sq (x) (* x x))" "(sq 12)" "(error \"boo ~a\" 1)"))
  (format t "~&> ~a~%~a~%" text (evaluate text)))
