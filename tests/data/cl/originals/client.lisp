#!/usr/bin/sbcl --script
(let ((*standard-output* (make-broadcast-stream)))
  (ql:quickload :cl-sipc))
(defparameter *socket* "sipc.socket")
(defparameter *help* "Available commands:
 (send hello-world)
 (send-binary hello-world)
 (close)
 (rebind \"socket-file.socket\")
 help
 quit
")
(defun help (&optional (bound nil))
  (format t *help*)
  (when bound (format t "(bound to ~s)~%" *socket*)))
(format t "Working with socket ~s~%" *socket*)
(help)
(loop while t do
  (progn
   (format t "> ")
   (force-output)
   (let ((in (read)))
     (when (and (atom in) (eql in 'quit)) (exit))
     (let ((res (if (atom in) nil
           (let ((cmd (car in)) (arg (cadr in)))
             (cond ((eql cmd 'send)
                    (sipc:with-bound-socket (s *socket* :connect)
                      (sipc:send s (if (stringp arg) arg (write-to-string arg)))))
                   ((eql cmd 'send-binary)
                    (sipc:with-bound-socket (s *socket* :connect)
                      (sipc:with-pointer (p :string) (if (stringp arg) arg (write-to-string arg))
                        (sipc:send s p :binary))))
                   ((eql cmd 'close) (sipc:send-quick *socket* nil :close))
                   ((eql cmd 'rebind) (setf *socket* arg))
                   (t (help t) 'unknown-command))))))
       (print res)
       (terpri)
       (when (atom in) (help t))))))
