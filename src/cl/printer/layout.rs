//! Where the lines of a pretty output break, decided as SBCL's pretty printer decides it: a fill
//! line breaks where the section behind it does not fit or a line has broken since the section
//! before it, a linear one where its block does not fit. SBCL starts without a miser width.

/// One step of an output.
pub(super) enum Op {
    /// Text without a newline.
    Text(String),
    /// A place where the line may break.
    Line(Line),
    /// A block begins: its later lines stand below this column.
    Start,
    /// The block ends.
    End,
    /// Where the next lines of the block begin, from the block's column.
    Indent(usize),
    /// The next lines of the block begin here.
    IndentHere,
}

/// When a line breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Linear,
    Fill,
    Mandatory,
    /// A newline of a string: what follows is not indented.
    Literal,
}

impl Line {
    fn is_forced(self) -> bool {
        matches!(self, Line::Mandatory | Line::Literal)
    }
}

struct Block {
    column: usize,
    indent: usize,
    /// The line where its last section began.
    section_line: usize,
}

/// What is known of an output before its lines are broken, for each step.
struct Plan {
    /// Columns as if no line broke.
    at: Vec<usize>,
    /// The end of the block that begins here.
    block_end: Vec<usize>,
    /// The line break that ends the section that begins here, and whether another break is forced
    /// before it.
    section: Vec<(Option<usize>, bool)>,
    width: usize,
}

impl Plan {
    fn new(ops: &[Op]) -> Plan {
        let n = ops.len();
        let mut at = Vec::with_capacity(n);
        let mut depths = Vec::with_capacity(n);
        let mut block_end = vec![n; n];
        let (mut width, mut open) = (0, Vec::new());
        for (i, op) in ops.iter().enumerate() {
            at.push(width);
            match op {
                Op::Text(s) => width += s.chars().count(),
                Op::End => {
                    if let Some(start) = open.pop() {
                        block_end[start] = i;
                    }
                }
                _ => {}
            }
            depths.push(open.len());
            if matches!(op, Op::Start) {
                open.push(i);
            }
        }
        let mut section = vec![(None, false); n];
        // Breaks behind the step, each less deep than those before it.
        let mut breaks: Vec<(usize, usize)> = Vec::new();
        let mut forced = usize::MAX;
        for (i, op) in ops.iter().enumerate().rev() {
            if !matches!(op, Op::Line(_) | Op::Start) {
                continue;
            }
            let count = breaks.partition_point(|b| b.0 <= depths[i]);
            let end = count.checked_sub(1).map(|last| breaks[last].1);
            section[i] = (end, forced < end.unwrap_or(usize::MAX));
            if let Op::Line(line) = op {
                while breaks.last().is_some_and(|b| b.0 >= depths[i]) {
                    breaks.pop();
                }
                breaks.push((depths[i], i));
                if line.is_forced() {
                    forced = i;
                }
            }
        }
        Plan {
            at,
            block_end,
            section,
            width,
        }
    }
}

/// The text of an output that begins at a column.
pub(super) fn lay_out(ops: &[Op], column: usize, margin: usize) -> String {
    let plan = Plan::new(ops);
    let mut out = String::new();
    let mut blocks = vec![Block {
        column: 0,
        indent: 0,
        section_line: 0,
    }];
    let mut line_number = 0;
    // The column of a step is its column in the plan less `consumed` and more `begin`.
    let (mut consumed, mut begin, mut line_start) = (0, column, 0);
    let mut i = 0;
    while i < ops.len() {
        let here = plan.at[i] - consumed + begin;
        let fits = || {
            let (end, is_forced) = plan.section[i];
            let end = end.map_or(plan.width, |e| plan.at[e]);
            !is_forced && end - consumed + begin <= margin
        };
        let block = blocks.last_mut().expect("the outermost block stays");
        match &ops[i] {
            Op::Text(s) => out.push_str(s),
            Op::Indent(n) => block.indent = block.column + n,
            Op::IndentHere => block.indent = here,
            Op::Start if fits() => {
                let end = plan.block_end[i];
                for op in &ops[i..end] {
                    if let Op::Text(s) = op {
                        out.push_str(s);
                    }
                }
                i = end;
            }
            Op::Start => blocks.push(Block {
                column: here,
                indent: here,
                section_line: line_number,
            }),
            Op::End => drop(blocks.pop()),
            Op::Line(Line::Fill) if line_number <= block.section_line && fits() => {}
            Op::Line(line) => {
                line_number += 1;
                consumed = plan.at[i];
                begin = 0;
                if *line != Line::Literal {
                    out.truncate(line_start + out[line_start..].trim_end_matches(' ').len());
                    block.section_line = line_number;
                    begin = block.indent;
                }
                out.push('\n');
                line_start = out.len();
                out.extend(std::iter::repeat_n(' ', begin));
            }
        }
        i += 1;
    }
    out
}
