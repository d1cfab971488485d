;; A variable may have the name of something of Steel's own, also when it is assigned.
(define log '(log))
(define (note x)
  (set! log (cons x log)))
(note 'log)
(let ([range log])
  (set! range (cons "log" range))
  (displayln range))
(displayln log)
