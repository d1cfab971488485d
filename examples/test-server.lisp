;;; Answers each message with its value printed. The Common Lisp twin of test-server.scm.
;;;
;;; Run:    sipc examples/test-server.lisp
;;; Prints: [+] listening on sipc.socket...
;;;         then two lines for each message, and [-] listen rc 1 after a close.

(ql:quickload :cl-sipc)

(defparameter *socket-file* "sipc.socket")
(defparameter *allow-no-checksums* t)

(defun server (&optional (file *socket-file*))
  (when (probe-file file)
    (delete-file file))
  (let ((socket (sipc:bind file :read-timeout 5)))
    (if socket
        (progn
          (format t "[+] listening on ~a...~%" file)
          (force-output)
          (let ((rc (sipc:hook
                     socket
                     #'(lambda (err)
                         (format t "[e] <- ~a~%" err)
                         (force-output)
                         (or (atom err) *allow-no-checksums*))
                     #'(lambda (type message)
                         (let ((text (cond
                                       ((stringp message) message)
                                       ((eql type :binary)
                                        (write-to-string (sipc:pointer-to-array message)))
                                       (t (write-to-string message)))))
                           (format t " -> ~a~%" (sipc:respond text))
                           (format t " <- (~a) " type)
                           (if (eql type :binary)
                               (format t "~a (size: ~a)~%"
                                       (sipc:pointer-to-array message)
                                       (sipc:pointer-size message))
                               (format t "~a~%" message))
                           (force-output)
                           (not (eql type :close)))))))
            (format t "[-] listen rc ~a~%" rc)
            (sipc:release socket)))
        (format t "[e] binding failed ~a~%" file))))

(server)
