;; Handlers that run where a condition is signalled, and restarts.
;;
;; An error of a primitive unwinds as Steel's errors do. The innermost form that watches, a
;; `handler-bind` or one that makes restarts, signals it in its own place, where all handlers and
;; restarts around it are still there; `cl:signalled-last` keeps it from being signalled twice.

;; The handlers around the running code, innermost first: `(case type ...)` of a form that
;; unwinds, `(bind (test . function) ...)` of one that does not.
(define cl:handlers '())

(define cl:signalled-last #f)

(define (cl:under handlers thunk)
  (let ((outer cl:handlers))
    (%SPREAD
      (dynamic-wind
        (lambda () (set! cl:handlers handlers))
        (lambda () (%ALL (thunk)))
        (lambda () (set! cl:handlers outer))))))

(define (cl:takes? types c)
  (cond
    [(null? types) #f]
    [(%TYPEP c (car types)) #t]
    [else (cl:takes? (cdr types) c)]))

(define (cl:call-handlers handlers outer c)
  (unless (null? handlers)
    (when ((car (car handlers)) c)
      (cl:under outer (lambda () ((cl:function (cdr (car handlers))) c))))
    (cl:call-handlers (cdr handlers) outer c)))

;; Offers a condition to the handlers; true where the next is one that unwinds for it.
(define (cl:offered c)
  (let walk ((l cl:handlers))
    (cond
      [(null? l) #f]
      [(eq? (car (car l)) 'case) (if (cl:takes? (cdr (car l)) c) #t (walk (cdr l)))]
      [else (cl:call-handlers (cdr (car l)) (cdr l) c) (walk (cdr l))])))

;; A condition that is about to be raised.
(define (cl:announced c)
  (cl:offered c)
  (set! cl:signalled-last c)
  c)

(define (cl:watched thunk)
  (cl:try
    thunk
    (lambda (e)
      (let ((c (%CONDITION e)))
        (unless (%EQL c cl:signalled-last)
          (cl:announced c))
        (%REMEMBER e c)
        (raise-error e)))))

(define (cl:handler-bind handlers thunk)
  (cl:under (cons (cons 'bind handlers) cl:handlers) (lambda () (cl:watched thunk))))

(define (cl:try-signals types thunk handler)
  (let ((handlers (cons (cons 'case (%STEEL-LIST types)) cl:handlers)))
    (cl:try (lambda () (cl:under handlers thunk)) handler)))

;; The restarts around the running code, innermost first: each the object and its function.
(define cl:restarts '())

(define cl:restart-class (%CLASS 'RESTART (%LIST 'NAME 'REPORT) #f 'STANDARD #f))

(define (cl:restart name report f)
  (cons (%MAKE cl:restart-class name report) f))

(define (cl:with-restarts mine thunk)
  (let ((outer cl:restarts))
    (%SPREAD
      (dynamic-wind
        (lambda () (set! cl:restarts (append mine outer)))
        (lambda () (%ALL (cl:watched thunk)))
        (lambda () (set! cl:restarts outer))))))

;; Each clause is a name, a report and a function, which runs when the restart has unwound.
(define (cl:restart-case clauses thunk)
  ((call/cc
     (lambda (k)
       (let ((values
               (%ALL
                 (cl:with-restarts
                   (map (lambda (c)
                          (cl:restart
                            (car c)
                            (cadr c)
                            (lambda args (k (lambda () (apply (caddr c) args))))))
                        clauses)
                   thunk))))
         (lambda () (%SPREAD values)))))))

(define (cl:restart-entry x)
  (let loop ((l cl:restarts))
    (cond
      [(null? l) #f]
      [(or (%EQL (car (car l)) x) (%EQL (cl:restart-name (car (car l))) x)) (car l)]
      [else (loop (cdr l))])))

(define (cl:restart-name r)
  (%SLOT cl:restart-class 0 r))

(define (cl:find-restart x condition)
  (let ((entry (and x (cl:restart-entry x))))
    (if entry (car entry) #f)))

(define (cl:compute-restarts condition)
  (%LISP-LIST (map car cl:restarts)))

(define (cl:invoke-restart x . args)
  (let ((entry (cl:restart-entry x)))
    (if entry
        (apply (cdr entry) args)
        (%RAISE (cl:announced (%NO-RESTART x))))))

;; The functions that are named as the restarts which they look for.
(define (cl:abort condition)
  (cl:invoke-restart 'ABORT))

(define (cl:muffle-warning condition)
  (cl:invoke-restart 'MUFFLE-WARNING))

(define (cl:continue condition)
  (if (cl:restart-entry 'CONTINUE) (cl:invoke-restart 'CONTINUE) #f))

(define (cl:use-value value condition)
  (if (cl:restart-entry 'USE-VALUE) (cl:invoke-restart 'USE-VALUE value) #f))

(define (cl:store-value value condition)
  (if (cl:restart-entry 'STORE-VALUE) (cl:invoke-restart 'STORE-VALUE value) #f))

(define (cl:signal what . args)
  (let ((c (cl:condition "SIMPLE-CONDITION" what args)))
    (when (cl:offered c)
      (set! cl:signalled-last c)
      (%RAISE c))
    #f))

(define (cl:warning-raised c)
  (if (cl:offered c)
      (begin (set! cl:signalled-last c) (%RAISE c))
      (begin (%FORMAT #f g:*ERROR-OUTPUT* "~&WARNING: ~A~%" c) #f)))

(define (cl:warn what . args)
  (let ((c (cl:condition "SIMPLE-WARNING" what args)))
    (if (null? cl:handlers)
        (cl:warning-raised c)
        (cl:restart-case
          (list (list 'MUFFLE-WARNING "Skip warning." (lambda () #f)))
          (lambda () (cl:warning-raised c))))))
