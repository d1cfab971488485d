(define (f) (error "no luck:" 5))
(f)
