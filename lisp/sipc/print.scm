;; Printing that can be stopped, and that ends where a box contains itself: Steel's own functions
;; print what is small. What is wrong with a call is raised at its place.

(provide display
         displayln
         print
         println
         write)

;; The primitives check the arguments: they name the form and say how it is used. What they find
;; is raised at the place of the call, not here.
(define-syntax checked
  (syntax-rules ()
    [(checked expression)
     (let ([value expression])
       (if (error-object? value)
           (raise-at value (current-function-span))
           value))]))

(define (raise-at error place)
  (if (void? place)
      (raise-error error)
      (raise-error-with-span error place)))

;;@doc
;; Prints a value as a person reads it: strings without quotes.
;;
;; (display value [port]) -> void
;;
;; * value : any
;; * port : output-port? = (current-output-port)
;;
;; A box or a vector inside itself is printed as ... there.
(define (display value . port)
  (unless (checked (#%print "display" port (current-output-port) value))
    (apply #%private-display (cons value port))))

;;@doc
;; Prints values as display does, with a space between them, and a newline.
;;
;; (displayln value ...) -> void
;;
;; * value : any
;;
;; # Examples
;; (displayln "hello" 5)
(define (displayln . values)
  (if (apply #%is-too-much values)
      (begin
        (for-each (lambda (value)
                    (display value)
                    ;; As Steel's does it, behind the last one too.
                    (unless (empty? (cdr values)) (#%private-display " ")))
                  values)
        (newline))
      (apply #%private-displayln values)))

;;@doc
;; Prints a value as it is written in a program, lists and symbols with a quote.
;;
;; (print value [port]) -> void
;;
;; * value : any
;; * port : output-port? = (current-output-port)
(define (print value . port)
  (unless (checked (#%print "print" port (current-output-port) value))
    (apply #%private-print (cons value port))))

;;@doc
;; Prints a value as print does, and a newline.
;;
;; (println value [port]) -> void
;;
;; * value : any
;; * port : output-port? = (current-output-port)
(define (println value . port)
  (unless (checked (#%print "println" port (current-output-port) value))
    (apply #%private-println (cons value port))))

;;@doc
;; Prints a value so that read can read it again.
;;
;; (write value [port]) -> void
;;
;; * value : any
;; * port : output-port? = (current-output-port)
(define (write value . port)
  (unless (checked (#%print "write" port (current-output-port) value))
    (apply #%private-write (cons value port))))
