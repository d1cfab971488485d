;; Printing, after a look at the value: Steel's printer ends the process where a box contains
;; itself.

(provide display
         displayln
         print
         println
         write)

(define (print-with name steels value port)
  (#%check-port name port)
  (#%check-printable value)
  (apply steels (cons value port)))

;;@doc
;; Prints a value as a person reads it: strings without quotes.
;;
;; (display value [port]) -> void
;;
;; * value : any
;; * port : output-port? = (current-output-port)
;;
;; Raises an error when the value contains itself through a box or a mutable field.
(define (display value . port)
  (print-with "display" #%private-display value port))

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
  (apply #%check-printable values)
  (apply #%private-displayln values))

;;@doc
;; Prints a value as it is written in a program, lists and symbols with a quote.
;;
;; (print value [port]) -> void
;;
;; * value : any
;; * port : output-port? = (current-output-port)
(define (print value . port)
  (print-with "print" #%private-print value port))

;;@doc
;; Prints a value as print does, and a newline.
;;
;; (println value [port]) -> void
;;
;; * value : any
;; * port : output-port? = (current-output-port)
(define (println value . port)
  (print-with "println" #%private-println value port))

;;@doc
;; Prints a value so that read can read it again.
;;
;; (write value [port]) -> void
;;
;; * value : any
;; * port : output-port? = (current-output-port)
(define (write value . port)
  (print-with "write" #%private-write value port))
