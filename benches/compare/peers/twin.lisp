;;; Echoes every message. The twin of echo.scm. Run as: sipc twin.lisp SOCKET LENGTH
(require :cl-sipc)
(sipc:with-bound-socket (listener (second *posix-argv*))
  (sipc:hook listener
             (constantly t)
             (lambda (type message)
               (sipc:respond message type)
               t)))
