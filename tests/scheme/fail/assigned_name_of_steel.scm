(define log '())
(define (note x)
  (set! log (cons x log)))
(note 1)
