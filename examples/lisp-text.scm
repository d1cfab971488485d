;; What the test scripts need of Lisp's text: a reader of forms, and a printer that wraps at 80
;; columns as SBCL does. Used by test-server.scm and test-client.scm.
;;
;; A symbol is read in capitals and becomes (atom . TEXT); so do numbers and characters. Strings
;; are strings, lists are lists.

(provide vector-text ; bytes as #(97 98), wrapped
         form-text ; a form as it would be typed, wrapped
         quoted ; a string between quotes
         make-reader ; forms from lines
         atom-text) ; the text of a symbol or number, or #false

;; Deeper lists are refused, so that no input can exhaust the stack.
(define deepest 1000)

(define (atom-text form) (and (pair? form) (eq? (car form) 'atom) (string? (cdr form)) (cdr form)))

;; Places texts behind an opening bracket. One that would pass column 80 begins a new line.
(define (fill open texts column)
  (let ([start (+ column (string-length open))])
    (let loop ([texts texts] [column start] [is-first #true] [done (list open)])
      (if (empty? texts)
          (apply string-append (reverse (cons ")" done)))
          (let* ([text (car texts)] [end (+ column 1 (string-length text))])
            (cond
              [is-first (loop (cdr texts) (- end 1) #false (cons text done))]
              [(> (+ end 1) 80)
               (let ([break (string-append "\n" (make-string start #\space))])
                 (loop (cdr texts) (+ start (string-length text)) #false (cons text (cons break done))))]
              [else (loop (cdr texts) end #false (cons text (cons " " done)))]))))))

;; Returns bytes as a vector is printed that begins at a column.
(define (vector-text bytes column)
  (fill "#(" (map number->string (bytes->list bytes)) column))

(define (quoted text)
  (define (escape char)
    (if (or (eq? char #\") (eq? char #\\)) (list #\\ char) (list char)))
  (string-append "\"" (list->string (apply append (map escape (string->list text)))) "\""))

(define (form-text form)
  (cond
    [(atom-text form) (atom-text form)]
    [(string? form) (quoted form)]
    [(empty? form) "NIL"]
    [(and (equal? (car form) '(atom . "QUOTE")) (= (length form) 2))
     (string-append "'" (form-text (cadr form)))]
    [else (fill "(" (map form-text form) 0)]))

;; Returns a function that returns the next form of what next-line returns, 'end, or an error's
;; text in a vector. A form may span lines.
(define (make-reader next-line)
  (define line '())
  (define (refill)
    (let ([text (next-line)])
      (and (string? text) (begin (set! line (append (string->list text) '(#\newline))) #true))))
  (define (peek) (if (and (empty? line) (not (refill))) #false (car line)))
  (define (skip) (set! line (cdr line)))
  (define (until end? chars)
    (let ([char (peek)])
      (if (or (not char) (end? char)) (list->string (reverse chars)) (begin (skip) (until end? (cons char chars))))))
  (define (fail what) (set! line '()) (vector what))
  (define (blank)
    (let ([char (peek)])
      (cond
        [(not char) #false]
        [(char-whitespace? char) (skip) (blank)]
        [(eq? char #\;) (set! line '()) (blank)]
        [else char])))
  (define (text chars)
    (let ([char (peek)])
      (cond
        [(not char) (fail "the input ends inside a string")]
        [(eq? char #\") (skip) (list->string (reverse chars))]
        [(eq? char #\\)
         (skip)
         (if (peek) (let ([next (peek)]) (skip) (text (cons next chars))) (text chars))]
        [else (skip) (text (cons char chars))])))
  ;; Reads until a delimiter; what stands between bars keeps its case.
  (define (atom chars)
    (let ([char (peek)])
      (cond
        [(or (not char) (char-whitespace? char) (member char '(#\( #\) #\" #\; #\')))
         (cons 'atom (number-text (list->string (reverse chars))))]
        [(eq? char #\|)
         (skip)
         (let ([name (until (lambda (c) (eq? c #\|)) '())])
           (if (peek) (skip) #false)
           (cons 'atom (if (equal? name (string-upcase name)) name (string-append "|" name "|"))))]
        [else (skip) (atom (cons (char-upcase char) chars))])))
  (define (items depth done)
    (let ([char (blank)])
      (cond
        [(not char) (fail "the input ends inside a list")]
        [(eq? char #\)) (skip) (reverse done)]
        [else
         (let ([form (form depth)])
           (if (vector? form) form (items depth (cons form done))))])))
  (define (form depth)
    (let ([char (blank)])
      (cond
        [(not char) 'end]
        [(> depth deepest) (fail (string-append "lists are nested deeper than " (number->string deepest)))]
        [(eq? char #\() (skip) (items (+ depth 1) '())]
        [(eq? char #\)) (skip) (vector "there is a ) without its (")]
        [(eq? char #\") (skip) (text '())]
        [(eq? char #\')
         (skip)
         (let ([quoted (form (+ depth 1))])
           (if (or (vector? quoted) (eq? quoted 'end)) quoted (list '(atom . "QUOTE") quoted)))]
        [(eq? char #\#) (skip) (sharp)]
        [else (atom '())])))
  ;; #\a is a character, #xFF a number.
  (define (sharp)
    (let ([char (peek)])
      (cond
        [(eq? char #\\)
         (skip)
         (let ([first (peek)])
           (if first
               (begin
                 (skip)
                 (cons 'atom
                       (string-append "#\\" (list->string (list first))
                                      (until (lambda (c) (or (char-whitespace? c) (member c '(#\( #\))))) '()))))
               'end))]
        [else
         (let* ([name (cdr (atom '()))]
                [radix (assoc (if (> (string-length name) 0) (substring name 0 1) "")
                              '(("X" . 16) ("O" . 8) ("B" . 2)))]
                [number (and radix (string->number (substring name 1 (string-length name)) (cdr radix)))])
           (cons 'atom (if number (number->string number) (string-append "#" name))))])))
  (lambda () (form 0)))

;; Writes numbers as Lisp prints them: 007 and 7. as 7, 1d0 as 1.0d0.
(define (number-text text)
  (let* ([is-double (and (> (string-length text) 1) (not (equal? (string-replace text "D" "") text)))]
         [plain (if is-double (string-replace text "D" "e") (string-downcase text))]
         [has-digit (member (string-ref text (- (string-length text) 1))
                            (string->list "0123456789."))]
         [number (and has-digit (string->number plain))])
    (cond
      [(not number) text]
      [(and (exact? number) (integer? number)) (number->string number)]
      [is-double (string-append (decimal number) "d0")]
      [(exact? number) (number->string number)]
      [else (decimal number)])))

(define (decimal number)
  (let ([text (number->string number)])
    (if (equal? (string-replace text "." "") text) (string-append text ".0") text)))
