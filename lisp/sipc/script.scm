;; What a script host brings and Steel has not: leaving with a status, and help that knows the
;; sipc forms and macros.

(provide exit
         help
         print-documentation ; what help expands to
         dynamic-wind
         make-vector
         sipc-set-output-port ; for the host: where scripts print
         sipc-set-error-port
         leave-script ; run the exit parts and stop
         sipc-run-exit-parts) ; for the host

;; Exit parts that have yet to run, the innermost first.
(define *exits* '())

;;@doc
;; Calls three functions in turn; the last one on every way out, also by exit.
;;
;; (dynamic-wind before during after) -> any
;;
;; * before, during, after : functions without arguments
;;
;; Returns what during returns.
(define (dynamic-wind before during after)
  (#%dynamic-wind (lambda ()
                    (before)
                    (set! *exits* (cons after *exits*)))
                  during
                  (lambda ()
                    (set! *exits* (cdr *exits*))
                    (after))))

;;@doc
;; Makes a mutable vector.
;;
;; (make-vector size [value]) -> vector?
;;
;; * size : int?, at most 100000000
;; * value : any = 0
(define (make-vector size . value)
  (#%check-vector-size size)
  (apply #%private-make-vector (cons size value)))

;;@doc
;; Ends the script with a status. Exit parts of dynamic-wind run first, then sockets are
;; released.
;;
;; (exit [status])
;;
;; * status : 0 to 255, or #true for 0 and #false for 1 = 0
;;
;; # Examples
;; (exit 3)
(define (exit . status)
  (checked (apply #%exit status))
  (leave-script))

(define (leave-script)
  (sipc-run-exit-parts)
  (#%end-script))

;; Runs the exit parts that are left. For the host, after it stopped an evaluation.
(define (sipc-run-exit-parts)
  (unless (empty? *exits*)
    (#%watch-exit-parts)
    (run-exit-parts)
    (#%unwatch-exit-parts)))

(define (run-exit-parts)
  (unless (empty? *exits*)
    (let ([after (car *exits*)])
      (set! *exits* (cdr *exits*))
      (with-handler (lambda (error) #false) (after))
      (run-exit-parts))))

;;@doc
;; Prints what is known of a name: signature, arguments, results, an example.
;;
;; (help name)
;;
;; # Examples
;; (help send)
(define-syntax help
  (syntax-rules ()
    [(help) (print-documentation 'help)]
    [(help name) (print-documentation 'name)]))

;;@doc
;; Prints what is known of the name that a symbol stands for.
;;
;; (print-documentation name) -> void
;;
;; * name : symbol?
(define (print-documentation name)
  (let ([text (#%documentation name)])
    (if text
        (displayln text)
        (displayln (or (with-handler (lambda (error) #false) (documentation-of (eval name)))
                       (string-append "nothing is known of " (symbol->string name)))))))

(define (documentation-of value)
  (or (#%native-fn-ptr-doc->string value)
      (#%function-ptr-table-get #%function-ptr-table value)))

;; Where scripts print from now on. For the host's prompt.
(define (sipc-set-output-port port)
  (current-output-port port))

(define (sipc-set-error-port port)
  (current-error-port port))
