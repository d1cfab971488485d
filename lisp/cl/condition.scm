;; Signalling conditions, and the reports that programs define for their own.

;; Type name and report function of each user condition type, newest first.
(define cl:reports '())

;; Gives a condition the text that its type's report function writes.
(define (cl:reported c)
  (let loop ((l cl:reports))
    (cond
      [(null? l) c]
      [(%TYPEP c (car (car l)))
       (let ((out (%MAKE-STRING-OUTPUT-STREAM)))
         ((cdr (car l)) c out)
         (%SET-REPORT c (%GET-OUTPUT-STREAM-STRING out)))]
      [else (loop (cdr l))])))

(define (cl:make-condition what . args)
  (cl:reported (apply %MAKE-CONDITION (cons "SIMPLE-CONDITION" (cons what args)))))

(define (cl:error what . args)
  (%RAISE (cl:reported (apply %MAKE-CONDITION (cons "SIMPLE-ERROR" (cons what args))))))

;; Without handlers that return, a signal is either handled by unwinding or has no effect.
(define (cl:signal what . args)
  (let ((c (cl:reported (apply %MAKE-CONDITION (cons "SIMPLE-CONDITION" (cons what args))))))
    (if (cl:handled? c) (%RAISE c) #f)))

;; The condition types that the handlers around the running code take.
(define cl:active '())

(define (cl:handled? c)
  (let loop ((l cl:active))
    (cond
      [(null? l) #f]
      [(%TYPEP c (car l)) #t]
      [else (loop (cdr l))])))

(define (cl:try-signals types thunk handler)
  (let ((outer cl:active))
    (cl:try
      (lambda ()
        (%SPREAD
          (dynamic-wind
            (lambda () (set! cl:active (append (%STEEL-LIST types) outer)))
            (lambda () (%ALL (thunk)))
            (lambda () (set! cl:active outer)))))
      handler)))

(define (cl:warn what . args)
  (let ((c (cl:reported (apply %MAKE-CONDITION (cons "SIMPLE-WARNING" (cons what args))))))
    (if (cl:handled? c)
        (%RAISE c)
        (begin (%FORMAT #f g:*ERROR-OUTPUT* "~&WARNING: ~A~%" c) #f))))
