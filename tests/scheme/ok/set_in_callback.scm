;; set! of a global inside a callback is seen outside it, for 1000 messages.
(define count 0)
(define s (serve (bind "s.s") (lambda (f) #true) (lambda (t v) (set! count (+ count 1)) (respond v))))
(define c (connect "s.s"))
(define (repeat n) (unless (= n 0) (send c "x") (repeat (- n 1))))
(repeat 1000)
(displayln count)
