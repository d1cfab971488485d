(provide greet)
(define (greet x) (string-append "hello " x))
