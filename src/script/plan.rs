//! From a parsed expression and a schema to what can be evaluated on chunks: dtypes settled, integer arithmetic checked,
//! nothing that looks at more than one row. All of it happens once, so that a chunk costs no planning.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use polars::chunked_array::cast::CastOptions;
use polars::lazy::frame::OptFlags;
use polars::prelude::{
    DataFrame, DataType, Expr, Field, IntoLazy, PlSmallStr, PolarsResult, Schema, SchemaExt,
};
use polars_expr::prelude::PhysicalExpr;
use polars_expr::{ExpressionConversionState, create_physical_expr};
use polars_plan::plans::DynLiteralValue;
use polars_plan::plans::expr_ir::ExprIR;
use polars_plan::prelude::{
    AExpr, Arena, ArenaExprIter, IR, LiteralValue, Node, Operator, aexpr_to_leaf_names,
    expr_to_leaf_column_names, is_elementwise, is_elementwise_rec, node_to_expr,
};

use super::checked::check_arithmetic;
use super::message::plain_message;
use super::sql::SqlText;
use crate::error::{Error, Result};
use crate::row::panic_message;

/// An expression tied to the columns of a schema.
pub(super) struct Planned {
    /// The expression as it was written.
    pub(super) text: String,
    /// The columns that it reads.
    pub(super) inputs: Vec<PlSmallStr>,
    /// The name and dtype of what it gives.
    pub(super) field: Field,
    pub(super) expression: Arc<dyn PhysicalExpr>,
}

/// Calls into the engine; its panic is an error with the panic's message.
pub(super) fn contained<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| panic_message(panic.as_ref()))
}

/// Plans one expression.
///
/// # Errors
/// As [`SqlExpressions::bind`](super::SqlExpressions).
pub(super) fn plan(text: &SqlText, schema: &Schema) -> Result<Planned> {
    for name in expr_to_leaf_column_names(&text.expression) {
        if !schema.contains(&name) {
            return Err(Error::column_not_found(
                name.as_str(),
                schema.iter_names().map(|name| name.as_str()),
            ));
        }
    }
    match contained(|| plan_expression(text, schema)) {
        Ok(Ok(planned)) => Ok(planned),
        Ok(Err(error)) => Err(match text_column(text, schema) {
            Some(name) => {
                let message = format!(
                    "it is text, and a number is wanted; TRY_CAST({name} AS DOUBLE) takes the numbers in it"
                );
                Error::expression(&text.text, message).in_column(name)
            }
            None => error,
        }),
        Err(panic) => Err(Error::expression(&text.text, panic)),
    }
}

/// The column of text, if there is one, that keeps an expression from being planned: were it one of numbers, it would be.
fn text_column(text: &SqlText, schema: &Schema) -> Option<PlSmallStr> {
    let mut numbers = schema.clone();
    let mut first = None;
    for name in expr_to_leaf_column_names(&text.expression) {
        if schema.get(&name) != Some(&DataType::String) {
            continue;
        }
        let mut alone = schema.clone();
        for schema in [&mut alone, &mut numbers] {
            schema.with_column(name.clone(), DataType::Float64);
        }
        if matches!(contained(|| plan_expression(text, &alone)), Ok(Ok(_))) {
            return Some(name);
        }
        first.get_or_insert(name);
    }
    first.filter(|_| matches!(contained(|| plan_expression(text, &numbers)), Ok(Ok(_))))
}

fn plan_expression(text: &SqlText, schema: &Schema) -> Result<Planned> {
    let failed = |error| Error::expression(&text.text, plain_message(&error));
    let (mut arena, expression) = to_arena(text.expression.clone(), schema).map_err(failed)?;
    let [expression] = &expression[..] else {
        let message = format!("it stands for {} columns; write one expression for each", expression.len());
        return Err(Error::expression(&text.text, message));
    };
    let mut expression = expression.clone();
    if !is_elementwise_rec(expression.node(), &arena) {
        return Err(Error::expression(&text.text, whole_column_message(expression.node(), &arena)));
    }
    let node = check_arithmetic(expression.node(), &mut arena, schema, &tried_dtypes(&text.expression))
        .map_err(|message| Error::expression(&text.text, message))?;
    expression.set_node(node);
    let field = expression.field(schema, &arena).map_err(failed)?;
    let dtype = field.dtype().clone().materialize_unknown(true).map_err(failed)?;
    let field = Field::new(expression.output_name().clone(), dtype);
    let mut inputs: Vec<PlSmallStr> = Vec::new();
    for name in aexpr_to_leaf_names(expression.node(), &arena) {
        if !inputs.contains(&name) {
            inputs.push(name);
        }
    }
    // The chunks are shared out already; expressions that call for more threads would only wait for each other.
    let mut state = ExpressionConversionState::new(false);
    let chunk_schema: Schema = inputs.iter().filter_map(|name| schema.get_field(name)).collect();
    let expression = create_physical_expr(&expression, &mut arena, &Arc::new(chunk_schema), &mut state);
    Ok(Planned { text: text.text.clone(), inputs, field, expression: expression.map_err(failed)? })
}

/// The dtypes that `TRY_CAST` asks for.
fn tried_dtypes(expression: &Expr) -> Vec<DataType> {
    let tried = |expression: &Expr| match expression {
        Expr::Cast { dtype, options: CastOptions::NonStrict, .. } => dtype.as_literal().cloned(),
        _ => None,
    };
    expression.into_iter().filter_map(tried).collect()
}

/// The expression with its dtypes settled by the engine's planner.
fn to_arena(expression: Expr, schema: &Schema) -> PolarsResult<(Arena<AExpr>, Vec<ExprIR>)> {
    let plan = DataFrame::empty_with_schema(schema)
        .lazy()
        .with_optimizations(OptFlags::TYPE_COERCION | OptFlags::TYPE_CHECK)
        .select([expression])
        .to_alp()?;
    let expressions = match plan.root() {
        IR::Select { expr, .. } => expr.clone(),
        _ => Vec::new(),
    };
    Ok((plan.expr_arena, expressions))
}

/// Says which part of an expression is no matter of one row.
fn whole_column_message(root: Node, arena: &Arena<AExpr>) -> String {
    let culprit = (arena).iter(root).find(|(_, expression)| {
        !matches!(expression, AExpr::Literal(_))
            && !is_elementwise(&mut Default::default(), expression, arena)
    });
    let what = match culprit {
        Some((_, AExpr::Over { .. })) => "a window function (OVER)".to_owned(),
        Some((node, AExpr::Agg(_) | AExpr::Len)) => format!("the aggregate {}", node_to_expr(node, arena)),
        Some((node, _)) => node_to_expr(node, arena).to_string(),
        None => return "a list that is a constant is not supported; IN (1, 2) compares with one".to_owned(),
    };
    format!("{what} looks at more than one row, and a row function sees one row at a time")
}

/// Computes arithmetic between integer constants, exactly: the engine would pick the dtype from the constants alone.
///
/// # Errors
/// A constant that no `i64` holds.
pub(super) fn fold_literals(text: &str, expression: Expr) -> Result<Expr> {
    let mut too_large = None;
    let folded = expression.map_expr(|expression| {
        let Expr::BinaryExpr { left, op, right } = &expression else { return expression };
        let (Some(a), Some(b)) = (integer(left), integer(right)) else { return expression };
        let value = match op {
            Operator::Plus => a.checked_add(b),
            Operator::Minus => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            _ => return expression,
        };
        match value.filter(|value| i64::try_from(*value).is_ok()) {
            Some(value) => Expr::Literal(LiteralValue::Dyn(DynLiteralValue::Int(value))),
            None => {
                too_large.get_or_insert_with(|| format!("{a} {op} {b} is too large for an integer"));
                expression
            }
        }
    });
    match too_large {
        Some(message) => Err(Error::expression(text, message)),
        None => Ok(folded),
    }
}

fn integer(expression: &Expr) -> Option<i128> {
    match expression {
        Expr::Literal(LiteralValue::Dyn(DynLiteralValue::Int(value))) => Some(*value),
        _ => None,
    }
}
