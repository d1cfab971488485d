(define l (bind "x.s" #:max-message-size 5))
(define s (serve l (lambda (f) (error "in on-error")) (lambda (t v) #true)))
(send-quick "x.s" "too long for it")
(wait s)
