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

;; Type name and slots with their initial forms as functions, of each user condition type.
(define cl:initforms '())

;; Gives the slots that the arguments do not mention what their initial forms say.
(define (cl:initialized c args)
  (for-each
    (lambda (entry)
      (when (%TYPEP c (car entry))
        (for-each
          (lambda (slot)
            (unless (member (%INTERN (%SYMBOL-NAME (car slot)) ':KEYWORD) args)
              (%FILL-SLOT c (car slot) ((cdr slot)))))
          (cdr entry))))
    cl:initforms)
  c)

;; A condition that is there already keeps its slots and its text.
(define (cl:condition kind what args)
  (let ((c (apply %MAKE-CONDITION (cons kind (cons what args)))))
    (if (%EQL c what) c (cl:reported (cl:initialized c args)))))

(define (cl:make-condition what . args)
  (cl:condition "SIMPLE-CONDITION" what args))

(define (cl:error what . args)
  (%RAISE (cl:condition "SIMPLE-ERROR" what args)))

;; Without handlers that return, a signal is either handled by unwinding or has no effect.
(define (cl:signal what . args)
  (let ((c (cl:condition "SIMPLE-CONDITION" what args)))
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
  (let ((c (cl:condition "SIMPLE-WARNING" what args)))
    (if (cl:handled? c)
        (%RAISE c)
        (begin (%FORMAT #f g:*ERROR-OUTPUT* "~&WARNING: ~A~%" c) #f))))
