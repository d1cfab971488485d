;; Computes for about a millisecond, then echoes. Run as: sipc compute.scm SOCKET LENGTH
(define (count n) (if (= n 0) 0 (count (- n 1))))
(define listener (bind (list-ref (command-line) 1)))
(hook listener
      (lambda (fault) #true)
      (lambda (type value)
        (count 13000)
        (respond value type)
        #true))
