;; Reading and evaluating text from elsewhere, within the bounds of Steel's reader and compiler.

(provide read
         eval ; a form
         eval-string ; a text
         load) ; a file

(require-builtin #%private/steel/reader as reader.)

;;@doc
;; Reads one datum.
;;
;; (read [port]) -> any or eof-object?
;;
;; * port : input-port? = (current-input-port)
;;
;; Takes the characters of that datum and leaves the rest in the port. Raises an error when the
;; text ends inside it, has a stray bracket, or is nested deeper or longer than the reader takes.
;;
;; # Examples
;; (read (open-input-string "(1 2) 3"))
(define (read . port)
  (let ([port (if (empty? port) (current-input-port) (car port))]
        [datum (#%new-datum)])
    (feed datum port)
    (reader.#%intern (#%datum-value datum))))

(define (feed datum port)
  (let ([step (#%feed-datum datum (peek-char port))])
    (cond
      [(= step 0) (read-char port) (feed datum port)]
      [(= step 1) (read-char port)]
      [else void])))

;;@doc
;; Runs a form.
;;
;; (eval form) -> any
;;
;; * form : any
;;
;; Raises an error when it is nested too deep for the compiler.
(define (eval form)
  (#%check-data form)
  (#%private-eval form))

;;@doc
;; Runs a text.
;;
;; (eval-string text) -> any
;;
;; * text : string?
;;
;; Raises an error when it is nested too deep for the compiler, or is unfinished.
(define (eval-string text)
  (#%check-text text)
  (#%private-eval-string text))

;;@doc
;; Runs a file.
;;
;; (load path) -> any
;;
;; * path : string?
(define (load path)
  (#%check-file path)
  (#%private-load path))
