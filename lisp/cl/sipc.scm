;; cl-sipc's package over the forms that the host gives every script.

;; A symbol of the host as a keyword, a list of them as a Lisp list of keywords.
(define (cl:keyword v)
  (cond
    [(symbol? v) (%INTERN (%STRING-UPCASE (symbol->string v)) ':KEYWORD)]
    [(pair? v) (%LISP-LIST (map cl:keyword v))]
    [else v]))

;; The type that a keyword names, or false.
(define (cl:host-type type)
  (cond
    [(equal? type ':STRING) 'string]
    [(equal? type ':BINARY) 'binary]
    [(equal? type ':CLOSE) 'close]
    [else #f]))

(define (cl:file-name file)
  (if (%STRINGP file) (%STRING-PLAIN file) (%NOT-A-STRING file)))

(define (cl:sipc-bind file read-timeout)
  (let ((file (cl:file-name file)))
    (if read-timeout (bind file #:read-timeout read-timeout) (bind file))))

(define (cl:sipc-connect file read-timeout)
  (let ((file (cl:file-name file)))
    (if read-timeout (connect file #:read-timeout read-timeout) (connect file))))

;; cl-sipc's sockets are numbers: one that a program made up is bad, anything else is no socket.
(define (cl:socket? socket)
  (cond
    [(int? socket) #f]
    [(or (not socket) (symbol? socket) (%STRINGP socket) (%LISTP socket))
     (%TYPE-ERROR socket (%LIST 'SIGNED-BYTE 32))]
    [else #t]))

(define (cl:sipc-timeout socket seconds)
  (if (cl:socket? socket) (timeout socket seconds) socket))

(define (cl:sipc-release socket)
  (when (cl:socket? socket)
    (release socket))
  #t)

(define (cl:sipc-hook socket on-error on-message)
  (if (cl:socket? socket) (cl:serve socket on-error on-message) #f))

(define (cl:serve socket on-error on-message)
  (hook socket
        (lambda (fault)
          (on-error (if (and (pair? fault) (equal? (car fault) 'exception))
                        (%LIST ':EXCEPTION (%CONDITION (cadr fault)))
                        (cl:keyword fault))))
        (lambda (type value)
          (if (eq? type cl:string)
              (on-message cl:string-keyword value)
              (cl:call-with-other on-message type value)))))

(define (cl:call-with-other on-message type value)
  (if (eq? type 'binary)
      (on-message ':BINARY (cl:pointer-to value))
      (on-message ':CLOSE #f)))

;; Every message asks for these two: a variable is read faster than a quoted symbol, which Steel
;; fetches from a table behind a lock. Assigned, they are not put in the place of their names.
(define cl:string 'string)
(define cl:string-keyword ':STRING)
(set! cl:string cl:string)
(set! cl:string-keyword cl:string-keyword)

;; Text, bytes or nothing, as the type asks.
(define (cl:payload value type)
  (cond
    [(equal? type 'close) ""]
    [(equal? type 'binary) (cl:bytes value)]
    [(%STRINGP value) (%STRING-PLAIN value)]
    [else (%NOT-A-STRING value)]))

(define (cl:bytes value)
  (cond
    [(cl:pointer-p value) (%BYTES (%SLOT cl:pointer-class 0 value))]
    [(%STRINGP value) (%BYTES (%TEXT-BYTES value))]
    [else (%BYTES value)]))

;; (respond value [type]), or with a message in front as the original's README has it. What is
;; absent is T. Nearly every callback answers with text: one step does that, and says false
;; without having done anything where there is more to it.
(define (cl:sipc-respond value type of-message)
  (or (#%respond-text value type) (cl:respond-as value type of-message)))

(define (cl:respond-as value type of-message)
  (cond
    [(eq? type #t) (cl:respond-with value 'string)]
    [(%KEYWORDP type) (cl:respond-with value (cl:host-type type))]
    [else (cl:sipc-respond type of-message #t)]))

(define (cl:respond-with value type)
  (if type
      (let ((r (respond (cl:payload value type) type)))
        (if (symbol? r) (cl:keyword r) r))
      ':UNKNOWN-TYPE))

;; The reply and NIL; on failure NIL and the reason as a keyword.
(define (cl:sipc-send socket value . options)
  (let* ((type (cl:host-type (if (null? options) ':STRING (car options))))
         (keep (if (or (null? options) (null? (cdr options))) #t (cadr options))))
    (cond
      [(not type) (%ONE ':UNKNOWN-TYPE)]
      [(not (cl:socket? socket)) (%VALUES #f ':MESSAGE)]
      [else
        (let ((r (send socket (cl:payload value type) type keep)))
          (if r
              (%VALUES (if (bytes? r) (cl:pointer-to r) r) #f)
              (%VALUES #f (cl:reason))))])))

(define (cl:reason)
  (let ((e (last-error)))
    (if e (cl:keyword (sipc-error-kind e)) ':UNKNOWN)))

(define (cl:sipc-send-quick file value type)
  (let ((socket (cl:sipc-connect file #f)))
    (if socket
        (dynamic-wind
          (lambda () #f)
          (lambda () (%ONE (cl:sipc-send socket value (if type type ':STRING))))
          (lambda () (cl:sipc-release socket)))
        #f)))

;; A pointer is a structure with its bytes and their number.
(define cl:pointer-class (%CLASS 'CL-SIPC:POINTER (%LIST 'MEMORY 'SIZE) #f #f #f))

(define (cl:make-pointer memory size)
  (%MAKE cl:pointer-class memory size))

(define (cl:pointer-to bytes)
  (cl:make-pointer (%COERCE bytes 'VECTOR) (bytes-length bytes)))

(define (cl:pointer-p v)
  (%INSTANCE-P cl:pointer-class v))

(define (cl:pointer-memory p)
  (%SLOT cl:pointer-class 0 p))

(define (cl:pointer-size p)
  (%SLOT cl:pointer-class 1 p))

(define (cl:pointer-free p)
  (%SET-SLOT cl:pointer-class 0 p #f)
  #f)

(define (cl:pointer-from-seq s type)
  (let ((all (%PACK (%ELEMENTS s) (if type type ':UNSIGNED-CHAR))))
    (%MAKE cl:pointer-class all (%LENGTH all))))

(define (cl:pointer-from v type)
  (cl:pointer-from-seq (%LIST v) type))

(define (cl:pointer-from-string s)
  (let ((all (%TEXT-BYTES s)))
    (%MAKE cl:pointer-class all (%LENGTH all))))

(define (cl:pointer-to-array p type)
  (%UNPACK (%SLOT cl:pointer-class 0 p) (if type type ':UNSIGNED-CHAR)))

(define (cl:pointer-of-kind value kind type)
  (cond
    [(%EQL kind ':STRING) (cl:pointer-from-string value)]
    [(%EQL kind ':SEQUENCE) (cl:pointer-from-seq value type)]
    [(%EQL kind ':SINGLE) (cl:pointer-from value type)]
    [(%STRINGP value) (cl:pointer-from-string value)]
    [(%TYPEP value 'SEQUENCE) (cl:pointer-from-seq value type)]
    [else (cl:pointer-from value type)]))
