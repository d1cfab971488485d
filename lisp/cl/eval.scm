;; `eval` and `compile`.

;; The program of a form, with the macros that it calls expanded on the way.
(define (cl:program form)
  (let ((text (%TRANSLATE form)))
    (if (string? text)
        text
        (let ((value (eval-string (car text))))
          (%ANSWER (if (null? (cdr text)) #f (value (cadr text))))
          (cl:program form)))))

;; An error has no place in the text of the program, but in the call of `eval`.
(define (cl:eval form)
  (let ((program (cl:program form)))
    (cl:try (lambda () (eval-string program)) (lambda (e) (%RAISE (%CONDITION e))))))

(define (cl:compile name form)
  (if name
      (%VALUES name #f #f)
      (%VALUES (cl:eval (%LIST 'FUNCTION form)) #f #f)))
