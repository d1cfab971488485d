;; Pointers for the extent of some forms. The pointer functions are in sipc.scm.

(provide call-with-pointer ; what with-pointer expands to
         with-pointer)

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
