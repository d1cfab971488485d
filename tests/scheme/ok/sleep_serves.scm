;; sleep serves meanwhile and takes fractions.
(define s (serve (bind "s.s") (lambda (f) #true) (lambda (t v) (respond v))))
(displayln (void? (sleep 0.01)) (void? (sleep 0)))
(displayln (send-quick "s.s" "x"))
