;;; Sends what is typed, and prints what comes back. The Common Lisp twin of test-client.scm.
;;;
;;; Run:    sipc examples/test-client.lisp
;;; Prints: a list of commands, then a prompt; see the session in the documentation.

(ql:quickload :cl-sipc)

(defparameter *socket-file* "sipc.socket")

(defun help (&optional bound)
  (format t "Available commands:~%")
  (format t " (send hello-world)~%")
  (format t " (send-binary hello-world)~%")
  (format t " (close)~%")
  (format t " (rebind \"socket-file.socket\")~%")
  (format t " help~%")
  (format t " quit~%")
  (when bound
    (format t "(bound to ~s)~%" *socket-file*)))

(defun send-value (value &optional (type :string))
  (sipc:with-bound-socket (socket *socket-file* :connect)
    (sipc:send socket value type)))

(defun text-of (value)
  (if (stringp value) value (write-to-string value)))

(defun command (form)
  (let ((name (car form)) (value (cadr form)))
    (cond
      ((eql name 'send) (send-value (text-of value)))
      ((eql name 'send-binary)
       (sipc:with-pointer (pointer :string) (text-of value)
         (send-value pointer :binary)))
      ((eql name 'close) (send-value nil :close))
      ((eql name 'rebind) (setf *socket-file* value))
      (t (help t) 'unknown-command))))

(format t "Working with socket ~s~%" *socket-file*)
(help)

(let ((running t))
  (loop while running do
    (format t "> ")
    (force-output)
    (let ((form (read *standard-input* nil 'quit)))
      (cond
        ((eql form 'quit) (setf running nil))
        ((atom form) (print nil) (terpri) (help t))
        (t (print (command form)) (terpri))))))
