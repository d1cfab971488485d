;; Printing, after a look at the value: Steel's printer ends the process where a box contains
;; itself.

(provide display
         displayln
         print
         println
         write)

(define (print-with steels value port)
  (#%check-printable value)
  (if (empty? port)
      (steels value)
      (steels value (car port))))

(define (display value . port)
  (print-with #%private-display value port))

(define (displayln . values)
  (apply #%check-printable values)
  (apply #%private-displayln values))

(define (print value . port)
  (print-with #%private-print value port))

(define (println value . port)
  (print-with #%private-println value port))

(define (write value . port)
  (print-with #%private-write value port))
