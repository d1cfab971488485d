;; Reading from standard input so that Ctrl-C ends it and servers go on meanwhile. Steel's own
;; functions block, and look four characters ahead where one is asked for.

(provide read-line
         read-line-from-port
         read-char
         peek-char
         read-byte
         read-u8
         peek-byte
         peek-u8
         read-bytes
         read-bytevector
         read-bytes!
         read-bytevector!
         read-bytes-into-buf
         read-port-to-string
         port->string
         read-port-to-bytes
         port->bytes
         call-with-input-file
         with-input-from-file
         call-with-output-file
         with-output-to-file
         sipc-await-input) ; for Common Lisp

;; A step returns nothing where it would block.
(define (take step port)
  (let ([value (step port)])
    (if (void? value)
        (begin
          (sipc-await-input)
          (take step port))
        value)))

(define (sipc-await-input)
  (drive (#%input-target)))

(define (from port)
  (if (empty? port) (current-input-port) (car port)))

;;@doc
;; Reads a line, and serves meanwhile.
;;
;; (read-line [port]) -> string? or eof-object?
;;
;; * port : input-port? = (current-input-port)
;;
;; Returns it without its newline.
(define (read-line . port)
  (take #%take-line (from port)))

(define (read-line-from-port . port)
  (take #%take-whole-line (from port)))

;;@doc
;; Reads a character, and serves meanwhile.
;;
;; (read-char [port]) -> char? or eof-object?
;;
;; * port : input-port? = (current-input-port)
(define (read-char . port)
  (take #%take-char (from port)))

;;@doc
;; Returns the next character and leaves it in the port. Serves meanwhile.
;;
;; (peek-char [port]) -> char? or eof-object?
;;
;; * port : input-port? = (current-input-port)
(define (peek-char . port)
  (take #%see-char (from port)))

;;@doc
;; Reads a byte, and serves meanwhile.
;;
;; (read-byte [port]) -> byte? or eof-object?
;;
;; * port : input-port? = (current-input-port)
(define (read-byte . port)
  (take #%take-byte (from port)))

(define read-u8 read-byte)

;;@doc
;; Returns the next byte and leaves it in the port. Serves meanwhile.
;;
;; (peek-byte [port]) -> byte? or eof-object?
;;
;; * port : input-port? = (current-input-port)
(define (peek-byte . port)
  (take #%see-byte (from port)))

(define peek-u8 peek-byte)

;;@doc
;; Reads a number of bytes, fewer where the port ends. Serves meanwhile.
;;
;; (read-bytes amount [port]) -> bytes? or eof-object?
;;
;; * amount : int?
;; * port : input-port? = (current-input-port)
(define (read-bytes amount . port)
  (take (lambda (port) (#%take-bytes amount port)) (from port)))

(define read-bytevector read-bytes)

(define (read-bytes! buffer . rest)
  (let ([port (from rest)]
        [start (if (> (length rest) 1) (list-ref rest 1) 0)]
        [end (if (> (length rest) 2) (list-ref rest 2) (bytes-length buffer))])
    (let ([got (read-bytes (- end start) port)])
      (if (eof-object? got)
          got
          (#%read-bytes! buffer (open-input-bytevector got) start end)))))

(define read-bytevector! read-bytes!)

(define (read-bytes-into-buf buffer amount . port)
  (read-bytes! buffer (from port) 0 amount))

;;@doc
;; Reads all text up to the end. Serves meanwhile.
;;
;; (read-port-to-string [port]) -> string?
;;
;; * port : input-port? = (current-input-port)
(define (read-port-to-string . port)
  (take #%take-text (from port)))

(define port->string read-port-to-string)

;;@doc
;; Reads all bytes up to the end. Serves meanwhile.
;;
;; (read-port-to-bytes [port]) -> bytes?
;;
;; * port : input-port? = (current-input-port)
(define (read-port-to-bytes . port)
  (take #%take-all (from port)))

(define port->bytes read-port-to-bytes)

;; Steel's, over the functions whose errors name the file.

(define (call-with-input-file file proc)
  (call-with-port (#%open-input-file file) proc))

(define (with-input-from-file file thunk)
  (call-with-input-file file
                        (lambda (port)
                          (parameterize ([current-input-port port])
                            (thunk)))))

;; `options` is #:exists with 'error or 'append or 'truncate.
(define (call-with-output-file file proc . options)
  (call-with-port (apply #%open-output-file (cons file options)) proc))

(define (with-output-to-file file thunk . options)
  (call-with-port (apply #%open-output-file (cons file options))
                  (lambda (port)
                    (parameterize ([current-output-port port])
                      (thunk)))))
