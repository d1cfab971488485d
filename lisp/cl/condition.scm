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
  (%RAISE (cl:announced (cl:condition "SIMPLE-ERROR" what args))))
