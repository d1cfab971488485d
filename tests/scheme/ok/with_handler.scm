(define (show . xs) (for-each (lambda (x) (display x) (display " ")) xs) (newline))
(define (fails) (car 5))
;; values
(show (with-handler (lambda (e) 'caught) 1 2 'last) (with-handler (lambda (e) 'caught) (fails) 2))
(show (with-handler (lambda (e) (error-object? e)) (fails)))
;; handler expression is evaluated only after an error
(show (with-handler (begin (display "never ") (lambda (e) 1)) 2))
(show (with-handler (begin (display "once ") (lambda (e) 1)) (fails)))
;; void
(show (void? (with-handler (lambda (e) void) (fails))) (with-handler (lambda (e) #false) (fails)))
;; nested
(show (with-handler (lambda (e) 'outer) (with-handler (lambda (e) 'inner) (fails)) ))
(show (with-handler (lambda (e) 'outer) (list (with-handler (lambda (e) 'inner) (fails)) (fails))))
(show (with-handler (lambda (e) (with-handler (lambda (e) 'in-handler) (fails))) (fails)))
;; order
(show (with-handler (lambda (e) (display "handler ") 1) (dynamic-wind (lambda () (display "in ")) fails (lambda () (display "out ")))))
;; define inside
(show (with-handler (lambda (e) e) (define x 1) (define (y) (+ x 1)) (y)))
;; deep in non-tail position
(define (deep n) (if (= n 0) (fails) (+ 1 (deep (- n 1)))))
(show (+ 1 (with-handler (lambda (e) 41) (deep 1000))))
(define (count n) (if (= n 0) 0 (+ 1 (with-handler (lambda (e) 0) (count (- n 1))))))
(show (count 500))
;; tail loop
(define (tail n) (if (= n 0) 'done (begin (with-handler (lambda (e) 1) (fails)) (tail (- n 1)))))
(show (tail 2000))
;; escape
(show (call/cc (lambda (k) (with-handler (lambda (e) 'no) (k 'escaped)))))
(show (call/cc (lambda (k) (with-handler (lambda (e) (k 'from-handler)) (fails)))))
;; function
(show (call-with-exception-handler (lambda (e) 'f) fails) (call-with-exception-handler (lambda (e) 'f) (lambda () 3)))
(show (map (lambda (x) (with-handler (lambda (e) (* x 10)) (fails))) '(1 2 3)))
(show (with-handler (lambda (e) 'in) (call-with-exception-handler (lambda (e) (car e)) fails)))
(show (reset (+ 1 (with-handler (lambda (e) 2) (fails)))))
(show (with-handler (lambda (e) (error-object-message e)) (error "told" 1)))
