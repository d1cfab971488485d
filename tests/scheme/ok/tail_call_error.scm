;; An error raised in a tail call reaches its handler: steel-core's jit2 loses it.
(define (raises n) (if (= n 0) (error "in the tail") (raises (- n 1))))
(displayln (with-handler (lambda (e) (error-object-message e)) (raises 10)))
(define (tail x) (vector-ref (vector 1) x))
(displayln (with-handler (lambda (e) "caught") (tail 5)))
