;; Pointers as the original has them: memory with a size, over byte vectors.

(provide make-pointer
         pointer?
         pointer-memory
         pointer-size
         pointer-from
         pointer-from-seq
         pointer-from-string
         pointer-to-array
         pointer-free
         call-with-pointer ; what with-pointer expands to
         with-pointer)

;;@doc
;; Makes a pointer over a byte vector.
;;
;; (make-pointer #:memory bytes #:size n) -> pointer?
;;
;; * #:memory : bytes?, shared and not copied = n bytes of 0
;; * #:size : number of bytes = all of the memory
;;
;; # Examples
;; (make-pointer #:memory (bytes 1 2 3))
(define make-pointer #%make-pointer)

;;@doc
;; Returns whether a value is a pointer.
;;
;; (pointer? value) -> boolean?
(define pointer? #%pointer?)

;;@doc
;; Returns the byte vector behind a pointer. Raises an error once it is freed.
;;
;; (pointer-memory pointer) -> bytes?
(define pointer-memory #%pointer-memory)

;;@doc
;; Returns a pointer's size in bytes. Raises an error once it is freed.
;;
;; (pointer-size pointer) -> int?
(define pointer-size #%pointer-size)

;;@doc
;; Makes a pointer to one element.
;;
;; (pointer-from value [type]) -> pointer?
;;
;; * value : a number
;; * type : :char :unsigned-char :short :unsigned-short :int :unsigned-int :long :unsigned-long
;;   :long-long :unsigned-long-long :int8 ... :int64 :uint8 ... :uint64 :float :double
;;   = :unsigned-char
;;
;; Elements lie in the machine's byte order. Raises an error when the value is out of range.
(define pointer-from #%pointer-from)

;;@doc
;; Makes a pointer to the elements of a list or vector.
;;
;; (pointer-from-seq sequence [type]) -> pointer?
;;
;; Types as for pointer-from.
;;
;; # Examples
;; (pointer-from-seq '(1 2 3) :int)
(define pointer-from-seq #%pointer-from-seq)

;;@doc
;; Makes a pointer to a string's UTF-8 bytes, without a final NUL.
;;
;; (pointer-from-string string) -> pointer?
(define pointer-from-string #%pointer-from-string)

;;@doc
;; Returns the elements behind a pointer as a vector.
;;
;; (pointer-to-array pointer [type]) -> vector?
;;
;; * pointer : pointer? or bytes?
;; * type : as for pointer-from
;;
;; Bytes at the end that make no whole element are left out.
(define pointer-to-array #%pointer-to-array)

;;@doc
;; Frees a pointer. Using it again, or freeing it twice, raises an error.
;;
;; (pointer-free pointer) -> #false
(define pointer-free #%pointer-free)

;;@doc
;; Calls a function with a pointer made from a value, and frees it on every way out.
;;
;; (call-with-pointer value kind type function) -> any
;;
;; * kind : :string, :sequence, :single or :infer
;; * type : as for pointer-from
(define (call-with-pointer value kind type function)
  (let ([pointer (#%pointer-of-kind value kind type)])
    (#%dynamic-wind (lambda () void)
                    (lambda () (function pointer))
                    (lambda () (#%release-pointer pointer)))))

;;@doc
;; Binds a pointer made from a value to a name for some forms, and frees it on every way out.
;;
;; (with-pointer (name [kind [type]]) value body ...) -> any
;;
;; * kind : :string, :sequence, :single or :infer = :infer, from the value
;; * type : as for pointer-from = :unsigned-char
;;
;; # Examples
;; (with-pointer (p) "text" (pointer-size p))
(define-syntax with-pointer
  (syntax-rules ()
    [(with-pointer (name) value body ...)
     (call-with-pointer value 'infer 'unsigned-char (lambda (name) body ...))]
    [(with-pointer (name kind) value body ...)
     (call-with-pointer value kind 'unsigned-char (lambda (name) body ...))]
    [(with-pointer (name kind type) value body ...)
     (call-with-pointer value kind type (lambda (name) body ...))]))
