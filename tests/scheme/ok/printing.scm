;; Sockets print what they are.
(define l (bind "p.s"))
(define s (serve l (lambda (f) #true) (lambda (t v) (displayln (current-message)) (respond v))))
(define c (connect "p.s"))
(displayln l) (displayln c) (displayln s) (send c "x")
(connect "none.s")
(displayln (last-error))
