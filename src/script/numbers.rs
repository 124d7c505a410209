//! That text does not stand where numbers are wanted: the engine would make nulls of it in silence, or fail at the first row.

use polars::prelude::{DataType, Schema};
use polars_plan::plans::IRFunctionExpr;
use polars_plan::prelude::{AExpr, Arena, Node, ToFieldContext, node_to_expr};

/// That a function of numbers is not given text, of which the engine would make nulls in silence.
pub(super) fn check_numbers(node: Node, arena: &Arena<AExpr>, schema: &Schema) -> Result<(), String> {
    let AExpr::Function { input, function, .. } = arena.get(node) else { return Ok(()) };
    use IRFunctionExpr::{Exp, Log, Log1p, Pow, Sign, Trigonometry};
    if !matches!(function, Pow(_) | Trigonometry(_) | Log | Log1p | Exp | Sign) {
        return Ok(());
    }
    for argument in input {
        if dtype_of(argument.node(), arena, schema).is_some_and(|dtype| is_text(&dtype)) {
            let argument = node_to_expr(argument.node(), arena);
            return Err(format!(
                "{argument} is text, and {function} takes numbers; CAST(… AS DOUBLE) makes a number of it"
            ));
        }
    }
    Ok(())
}

/// That text is not compared with a number, which the engine refuses when it sees the first row.
pub(super) fn check_comparison(node: Node, arena: &Arena<AExpr>, schema: &Schema) -> Result<(), String> {
    let AExpr::BinaryExpr { left, op, right } = arena.get(node) else { return Ok(()) };
    if !op.is_comparison() {
        return Ok(());
    }
    let (Some(of_left), Some(of_right)) = (dtype_of(*left, arena, schema), dtype_of(*right, arena, schema))
    else {
        return Ok(());
    };
    let text = match (&of_left, &of_right) {
        (text, number) if is_text(text) && number.is_primitive_numeric() => left,
        (number, text) if is_text(text) && number.is_primitive_numeric() => right,
        _ => return Ok(()),
    };
    let text = node_to_expr(*text, arena);
    Err(format!("{text} is text, and is compared with a number; TRY_CAST(… AS DOUBLE) makes a number of it"))
}

fn dtype_of(node: Node, arena: &Arena<AExpr>, schema: &Schema) -> Option<DataType> {
    let dtype = arena.get(node).to_dtype(&ToFieldContext::new(arena, schema)).ok()?;
    dtype.materialize_unknown(true).ok()
}

fn is_text(dtype: &DataType) -> bool {
    dtype.is_string() || dtype.is_categorical() || dtype.is_enum()
}
