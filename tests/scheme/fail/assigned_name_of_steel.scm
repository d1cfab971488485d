(define log '())
(define (note x)
  (set! log (cons x log)))
(displayln `(log ,log))
