;; Objects: generic functions, their methods, and how instances are made.

;; A method is a list of specializers, a role, a function, which takes the next method, whether
;; there is one, and gives the function of the arguments, and the keywords that it takes.
(define (cl:with-method methods specializers role keys f)
  (cons
    (list specializers role f keys)
    (let loop ((l methods))
      (cond
        [(null? l) '()]
        [(and (%EQUAL (car (car l)) specializers) (%EQL (cadr (car l)) role)) (cdr l)]
        [else (cons (car l) (loop (cdr l)))]))))

(define (cl:call-chain name methods args last)
  (if (null? methods)
      (if last (last args) (%NO-NEXT-METHOD name args))
      (let ((rest (cdr methods)))
        (apply
          ((car methods)
            (lambda given (cl:call-chain name rest (if (null? given) args given) last))
            (lambda () (if last #t (not (null? rest)))))
          args))))

(define (cl:call-all methods args)
  (unless (null? methods)
    (apply ((car methods) #f #f) args)
    (cl:call-all (cdr methods) args)))

(define (cl:call-generic name methods args)
  (let* ((roles (%APPLICABLE methods args))
         (around (car roles))
         (before (cadr roles))
         (primary (caddr roles))
         (after (cadddr roles))
         (inner
           (lambda (args)
             (cl:call-all before args)
             (if (null? after)
                 (cl:call-chain name primary args #f)
                 (let ((values (%ALL (cl:call-chain name primary args #f))))
                   (cl:call-all after args)
                   (%SPREAD values))))))
    (cond
      [(null? primary) (%NO-METHOD name args)]
      [(null? around) (inner args)]
      [else (cl:call-chain name around args inner)])))

;; Of each class, newest first: its name, the class, its own slots (name, initial arguments, and a
;; function of no arguments for the initial form), and its default arguments likewise.
(define cl:classes '())

(define cl:class-table (%MAKE-HASH-TABLE #f))

(define (cl:define-class name class slots defaults)
  (%PUTHASH name cl:class-table class)
  (set! cl:classes (cons (list name slots defaults) cl:classes))
  class)

(define (cl:find-class name is-error environment)
  (if is-error
      (%FIND-CLASS name cl:class-table)
      (cl:try (lambda () (%FIND-CLASS name cl:class-table)) (lambda (e) #f))))

;; What a class and its parents say of themselves, the nearest first.
(define (cl:class-entries class)
  (let loop ((names (%CLASS-ORDER class)))
    (if (null? names)
        '()
        (let ((entry (cl:class-entry (car names) cl:classes)))
          (if entry (cons entry (loop (cdr names))) (loop (cdr names)))))))

(define (cl:class-entry name l)
  (cond
    [(null? l) #f]
    [(%EQL (car (car l)) name) (car l)]
    [else (cl:class-entry name (cdr l))]))

;; The value that goes with the first of some keywords, in a list of one; else nothing.
(define (cl:argument keys args)
  (cond
    [(null? args) #f]
    [(member (car args) keys) (list (cadr args))]
    [else (cl:argument keys (cddr args))]))

(define (cl:with-defaults defaults args)
  (cond
    [(null? defaults) args]
    [(cl:argument (list (car (car defaults))) args) (cl:with-defaults (cdr defaults) args)]
    [else
      (cl:with-defaults
        (cdr defaults)
        (append args (list (car (car defaults)) ((cdr (car defaults))))))]))

(define (cl:all-slots entries)
  (apply append (map cadr entries)))

(define (cl:check-arguments class slots args)
  (unless (null? args)
    (when (null? (cdr args))
      (%PROGRAM-ERROR "odd number of &KEY arguments"))
    (unless (let loop ((l slots))
              (cond
                [(null? l)
                  (or (%EQL (car args) ':ALLOW-OTHER-KEYS)
                      (member (car args) cl:initializer-keys)
                      (member #t cl:initializer-keys))]
                [(member (car args) (cadr (car l))) #t]
                [else (loop (cdr l))]))
      (%PROGRAM-ERROR
        (%FORMAT
          #f
          #f
          "Invalid initialization argument:~%  ~S~%in call for class ~A."
          (car args)
          class)))
    (cl:check-arguments class slots (cddr args))))

;; The keywords that methods of `initialize-instance` take; true where one takes any.
(define cl:initializer-keys '())

;; Methods of `initialize-instance`; the last is what all objects have.
(define cl:initializers
  (list
    (list
      (%LIST 'T)
      #f
      (lambda (next more)
        (lambda (object . args)
          (cl:fill-slots object (cl:all-slots (cl:class-entries object)) args)
          object))
      #f)))

(define (cl:fill-slots object slots args)
  (unless (null? slots)
    (let* ((slot (car slots)) (given (cl:argument (cadr slot) args)))
      (cond
        [given (%SET-SLOT-VALUE object (car slot) (car given))]
        [(and (caddr slot) (not (%SLOT-BOUNDP object (car slot))))
          (unless (cl:argument-of-parent slot (cdr slots) args)
            (%SET-SLOT-VALUE object (car slot) ((caddr slot))))]))
    (cl:fill-slots object (cdr slots) args)))

;; Whether a farther class's argument for the same slot is there.
(define (cl:argument-of-parent slot slots args)
  (cond
    [(null? slots) #f]
    [(and (%EQL (car slot) (car (car slots))) (cl:argument (cadr (car slots)) args)) #t]
    [else (cl:argument-of-parent slot (cdr slots) args)]))

(define (cl:make-instance class . given)
  (let* ((class (%FIND-CLASS class cl:class-table))
         (entries (cl:class-entries class))
         (args (cl:with-defaults (apply append (map caddr entries)) given))
         (slots (cl:all-slots entries))
         (object (%ALLOCATE class)))
    (cl:check-arguments class slots args)
    (if (null? (cdr cl:initializers))
        (cl:fill-slots object slots args)
        (cl:call-generic 'INITIALIZE-INSTANCE cl:initializers (cons object args)))
    object))

;; Methods of `print-object`.
(define cl:printers '())

(define (cl:written object)
  (let ((out (%MAKE-STRING-OUTPUT-STREAM)))
    (cl:call-generic 'PRINT-OBJECT cl:printers (list object out))
    (%GET-OUTPUT-STREAM-STRING out)))

(define (cl:has-printer? object)
  (not (null? (caddr (%APPLICABLE cl:printers (list object #f))))))

;; The values of a form at a prompt, which shows them next.
(define (cl:shown value)
  (let ((all (%ALL value)))
    (cl:prepare all)
    (%SPREAD all)))

;; Lets the methods write the objects inside of some values, which are printed next.
(define (cl:prepare values)
  (unless (null? cl:printers)
    (let ((objects (filter cl:has-printer? (%PRINTABLES values))))
      (%WRITTEN objects (map cl:written objects)))))
