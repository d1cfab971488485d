;; An echo server: answers every message with its own type and value.
;;
;; Run it:  sipc examples/echo-server.scm [SOCKET]      and then echo-client.scm
;;
;; It prints "listening on echo.socket", a line for each message, and ends when asked to close.

(define arguments (cdr (command-line)))
(define path (if (empty? arguments) "echo.socket" (car arguments)))

(define (say . parts)
  (for-each display parts)
  (newline))

(define listener (or (bind path) (error (sipc-error-message (last-error)))))
(say "listening on " path)

(hook listener
      (lambda (fault) #true) ; a client's fault ends nothing
      (lambda (type value)
        (say "got " type " " value)
        (respond value type)
        (not (eq? type 'close))))

(release listener)
(say "closed")
