(define c 5)
(send c "x")
