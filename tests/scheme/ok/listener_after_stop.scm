;; stop keeps the listener bound: a client waits until it is served again.
(define l (bind "l.s"))
(define (on-error f) #true)
(define one (serve l on-error (lambda (t v) (respond "one"))))
(displayln (send-quick "l.s" "x"))
(stop one)
(define two (serve l on-error (lambda (t v) (respond "two"))))
(displayln (send-quick "l.s" "x"))
(displayln (with-handler (lambda (e) (error-object-message e)) (serve l on-error car)))
