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

;; Gives the slots that the arguments do not mention what their initial forms say, those of the
;; type itself before those of its parents.
(define (cl:initialized c args)
  (let types ((entries cl:initforms) (args args))
    (cond
      [(null? entries) c]
      [(%TYPEP c (car (car entries)))
        (let slots ((l (cdr (car entries))) (args args))
          (if (null? l)
              (types (cdr entries) args)
              (let ((key (%INTERN (%SYMBOL-NAME (car (car l))) ':KEYWORD)))
                (unless (member key args)
                  (%FILL-SLOT c (car (car l)) ((cdr (car l)))))
                (slots (cdr l) (cons key args)))))]
      [else (types (cdr entries) args)])))

;; A condition that is there already keeps its slots and its text.
(define (cl:condition kind what args)
  (let ((c (apply %MAKE-CONDITION (cons kind (cons what args)))))
    (if (%EQL c what) c (cl:reported (cl:initialized c args)))))

(define (cl:make-condition what . args)
  (cl:condition "SIMPLE-CONDITION" what args))

(define (cl:error what . args)
  (%RAISE (cl:announced (cl:condition "SIMPLE-ERROR" what args))))
