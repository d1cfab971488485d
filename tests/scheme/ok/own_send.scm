;; A script that defines its own send has its own, and the other forms still work.
(define (send . arguments) (list 'mine arguments))
(displayln (send 1 2))
(define server (serve (bind "o.s") (lambda (fault) #true) (lambda (type value) (respond value))))
(displayln (send-quick "o.s" "through send-quick"))
(displayln (sipc:send (connect "o.s") "through sipc:send"))
