;; Handlers of errors in the place of Steel's, in users' modules too.
;;
;; Steel's (0.8.3) lose count of the frames when the stack runs out, and when a function that Rust
;; calls gets a wrong number of arguments: a frame is there before it is counted. What follows in
;; the form is then left out. And a handler that raises inside another one fails in the
;; interpreter. A continuation that is closed restores the count, so these go on through one.

(provide call-with-exception-handler
         with-handler)

;; Marks what an attempt results in when it failed: (tag error . continuation).
(define failed (lambda () void))

(define (failed? result)
  (and (pair? result) (eq? (car result) failed)))

;; Returning from the handler closes the continuation, and calling it restores the count. The
;; frame of the caller must stay below, so this is not to be put in the place of its call: with the
;; count short by one, the frame above the last one ends a run.
(define (attempt thunk)
  (let* ([outside (get-tls *meta-continuation*)]
         [result (#%prim.call/cc (lambda (k)
                                   (#%prim.call-with-exception-handler
                                    (lambda (error) (cons failed (cons error k)))
                                    thunk)))])
    (if (and (failed? result) (cddr result))
        (begin
          ;; An error passes by what `reset` would do on its way out.
          (set-tls! *meta-continuation* outside)
          ((cddr result) (cons failed (cons (cadr result) #false))))
        result)))
(set! attempt attempt)

;;@doc
;; Calls a function, and another one with the error if it raises one.
;;
;; (call-with-exception-handler handler thunk) -> any
;;
;; * handler : (lambda (error) ...)
;; * thunk : function without arguments
;;
;; Returns what thunk returns; after an error what handler returns, which runs outside.
(define (call-with-exception-handler handler thunk)
  (let ([result (attempt thunk)])
    (if (failed? result)
        (handler (cadr result))
        result)))

;;@doc
;; Runs some forms, and a handler if they raise an error.
;;
;; (with-handler handler body ...) -> any
;;
;; * handler : (lambda (error) ...)
;;
;; Returns the last form's value; after an error what handler returns, which runs outside. A
;; shift in the body goes up to the next reset around.
;;
;; # Examples
;; (with-handler (lambda (error) #false) (string->number 'seven))
(define-syntax with-handler
  (syntax-rules ()
    [(with-handler handler body ...)
     (call-with-exception-handler (lambda (error) (handler error))
                                  (lambda () body ...))]))
