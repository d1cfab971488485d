;; An error in on-error is caught outside hook, and the listener is used again.
(define l (bind "e.s" #:max-message-size 10))
(define s (serve l (lambda (f) (error "from on-error")) (lambda (t v) #true)))
(displayln (with-handler (lambda (e) (error-object-message e))
  (send-quick "e.s" "much too long for it")
  (wait s)))
(stop s)
(define again (serve l (lambda (f) #true) (lambda (t v) (respond v))))
(displayln (send-quick "e.s" "again"))
