;; The run-time functions of Common Lisp that must call a closure or wait: everything else is Rust.
;; Each top-level definition here is one that the translator puts into a program that uses it.

;; A function from a function or a symbol.
(define (cl:function f)
  (if (function? f) f (%NAMED-FUNCTION cl:functions f)))

(define (cl:fboundp f)
  (%IS-NAMED cl:functions f))

(define (cl:funcall f . args)
  (apply f args))

(define (cl:apply f . args)
  (let loop ((args args) (out '()))
    (if (null? (cdr args))
        (apply (cl:function f) (append (reverse out) (%STEEL-LIST (car args))))
        (loop (cdr args) (cons (car args) out)))))

;; Runs a thunk; an error unwinds to here and its handler's value is the value.
;; The frame of this function must stay below the handler's, and the function must not be put in
;; the place of its call: at the top level Steel loses its stack otherwise.
(define (cl:try thunk handler)
  (%IDENTITY (call-with-exception-handler handler (lambda () (thunk)))))
(set! cl:try cl:try)

;; Runs cleanup on every way out and keeps all values.
(define (cl:protect-all thunk cleanup)
  (%SPREAD (dynamic-wind (lambda () #f) (lambda () (%ALL (thunk))) cleanup)))

(define cl:catchers '())

(define (cl:catch tag thunk)
  (let ((outer cl:catchers))
    (%SPREAD
      (call/cc
        (lambda (k)
          (dynamic-wind
            (lambda () (set! cl:catchers (cons (cons tag k) outer)))
            (lambda () (%ALL (thunk)))
            (lambda () (set! cl:catchers outer))))))))

(define (cl:throw tag values)
  (let loop ((l cl:catchers))
    (cond
      [(null? l) (%NO-CATCH tag)]
      [(%EQL (car (car l)) tag) ((cdr (car l)) values)]
      [else (loop (cdr l))])))

;; Rest arguments to the parameters of a function with keywords: optional ones, each with what it is
;; when absent, then by keyword.
(define (cl:sorted rest defaults keys)
  (let loop ((rest rest) (defaults defaults) (out '()))
    (if (null? defaults)
        (append
          (reverse out)
          (if (null? keys)
              '()
              (map (lambda (value key)
                     (if (%IS-BOUND value)
                         (if (member (car key) '(:KEY :TEST :TEST-NOT))
                             (if value (cl:function value) #f)
                             value)
                         (if (cdr key) value #f)))
                   (apply %KEYS (cons rest (cons #f (map car keys))))
                   keys)))
        (if (or (null? rest) (and (not (null? keys)) (%KEYWORDP (car rest))))
            (loop rest (cdr defaults) (cons (car defaults) out))
            (loop (cdr rest) (cdr defaults) (cons (car rest) out))))))

;; The property list of each symbol that has one.
(define cl:properties (%MAKE-HASH-TABLE #f))

(define (cl:symbol-plist symbol)
  (%GETHASH symbol cl:properties #f))

(define (cl:get symbol key default)
  (%GETF (cl:symbol-plist symbol) key default))

(define (cl:put symbol key value)
  (%PUTHASH symbol cl:properties (%PUTF (cl:symbol-plist symbol) key value))
  value)

(define (cl:remprop symbol key)
  (let ((l (cl:symbol-plist symbol)))
    (if (%EQL (%GETF l key cl:properties) cl:properties)
        #f
        (begin (%PUTHASH symbol cl:properties (%REMF l key)) #t))))

(define (cl:complement f)
  (lambda args (not (apply f args))))

(define (cl:constantly v)
  (lambda args v))

(define (cl:write-to-string v escape . options)
  (apply %WRITE-TO-STRING (cons v (cons (if (%IS-BOUND escape) escape #t) options))))

(define (cl:write v stream escape . options)
  (%WRITE-STRING g:*STANDARD-OUTPUT*
                 (apply cl:write-to-string (cons v (cons escape options)))
                 stream)
  v)

;; NIL as a value of these options differs from their absence.
(define (cl:open path direction if-exists if-missing element-type)
  (%OPEN path
         direction
         (if (%IS-BOUND if-exists) (if if-exists if-exists ':%NIL) #f)
         (if (%IS-BOUND if-missing) (if if-missing if-missing ':%NIL) #f)
         element-type))

(define (cl:exit code abort)
  (%FORCE-OUTPUT g:*STANDARD-OUTPUT*)
  (cl:leave (if (%IS-BOUND code) (if (int? code) code 0) (if abort 1 0))))

(define (cl:leave code)
  (exit code))

;; Reads: waits for standard input where there is nothing yet, and serves meanwhile.
(define (cl:taking read . args)
  (let ((value (apply read args)))
    (if (%IS-BLOCKED value)
        (begin
          (#%await-input)
          (apply cl:taking (cons read args)))
        value)))

(define (cl:sleep seconds)
  (%FORCE-OUTPUT g:*STANDARD-OUTPUT*)
  (sleep (/ (%ROUND (%* seconds 1000)) 1000.0))
  #f)

;; What SBCL has of a command line: its own name and the script's arguments.
(define (cl:arguments)
  (let ((all (command-line)))
    (%LISP-LIST (cons "sbcl" (if (pair? all) (cdr all) '())))))

(define (cl:script-arguments)
  (%CDR (cl:arguments)))

(define (cl:decode-universal-time seconds zone)
  (%SPREAD (%DECODE seconds)))

(define (cl:get-decoded-time)
  (cl:decode-universal-time (%GET-UNIVERSAL-TIME) #f))

(define (cl:decode-float x)
  (%SPREAD (%DECODE-FLOAT x)))

(define (cl:integer-decode-float x)
  (%SPREAD (%INTEGER-DECODE-FLOAT x)))
