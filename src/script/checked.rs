//! Integer arithmetic that never wraps: the engine's wrapping operators of a planned expression are replaced by checked
//! ones, which give the same values and the same dtype wherever the result fits.

use polars::chunked_array::cast::CastOptions;
use polars::prelude::{Column, DataType, Field, Schema};
use polars_plan::dsl::{BaseColumnUdf, new_column_udf};
use polars_plan::plans::expr_ir::{ExprIR, OutputName};
use polars_plan::plans::{IRFunctionExpr, IRPowFunction, IRTemporalFunction};
use polars_plan::prelude::{
    AExpr, Arena, ArenaExprIter, FunctionOptions, Node, Operator, ToFieldContext, node_to_expr,
};

use super::arithmetic::{Operation, calculate};
use super::message::plain_message;
use super::numbers::{check_comparison, check_numbers};
use super::ticks::{Interval, calculate_ticks, counts_ticks};

/// Replaces the wrapping operators below `root`, and gives the root of the checked expression. `asked_for` are the dtypes
/// that the text itself casts to with nulls for what does not fit.
///
/// # Errors
/// A message about arithmetic on lists or structs of integers, which the engine wraps and nothing here checks.
pub(super) fn check_arithmetic(
    root: Node,
    arena: &mut Arena<AExpr>,
    schema: &Schema,
    asked_for: &[DataType],
) -> Result<Node, String> {
    let reached: Vec<Node> = arena.iter(root).map(|(node, _)| node).collect();
    for node in reached {
        check_numbers(node, arena, schema)?;
        check_comparison(node, arena, schema)?;
        make_strict(node, arena, schema, asked_for);
        check_offset(node, arena);
        let Some((operation, operands)) = operation(arena.get(node)) else { continue };
        let context = ToFieldContext::new(arena, schema);
        let dtype_of = |node: Node| {
            let dtype = arena.get(node).to_dtype(&context).and_then(|dtype| dtype.materialize_unknown(true));
            dtype.map_err(|error| plain_message(&error))
        };
        let dtypes = operands.iter().map(|operand| dtype_of(*operand)).collect::<Result<Vec<_>, _>>()?;
        if dtypes.iter().any(|dtype| dtype.is_nested() && holds_integers(dtype)) {
            return Err(format!(
                "{}: arithmetic on lists and structs of integers is not supported, since it would wrap; convert the items to floats first",
                node_to_expr(node, arena)
            ));
        }
        let dtype = dtype_of(node)?;
        let calculate = match () {
            () if dtype.is_integer() && dtypes.iter().all(DataType::is_integer) => calculate,
            () if counts_ticks(operation, &dtypes, &dtype) => calculate_ticks,
            () => continue,
        };
        let inputs = ["left", "right"].iter().zip(&operands);
        let input =
            inputs.map(|(name, node)| ExprIR::new(*node, OutputName::Alias((*name).into()))).collect();
        let field_dtype = dtype.clone();
        let function = BaseColumnUdf::new(
            move |columns: &mut [Column]| calculate(operation, columns, &dtype),
            move |_: &Schema, fields: &[Field]| Ok(Field::new(fields[0].name().clone(), field_dtype.clone())),
        );
        let checked = AExpr::AnonymousFunction {
            input,
            function: new_column_udf(function),
            options: FunctionOptions::elementwise(),
            fmt_str: Box::new("checked arithmetic".into()),
        };
        arena.replace(node, checked);
    }
    Ok(root)
}

/// Makes a row fail whose integer does not fit the dtype that the engine brings it to before an operation: the engine
/// itself makes a null of it in silence.
fn make_strict(node: Node, arena: &mut Arena<AExpr>, schema: &Schema, asked_for: &[DataType]) {
    let AExpr::Cast { expr, dtype, options: CastOptions::NonStrict } = arena.get(node) else { return };
    let (expr, dtype) = (*expr, dtype.clone());
    let from = arena.get(expr).to_dtype(&ToFieldContext::new(arena, schema));
    let is_implied =
        dtype.is_integer() && !asked_for.contains(&dtype) && from.is_ok_and(|from| from.is_integer());
    if is_implied {
        arena.replace(node, AExpr::Cast { expr, dtype, options: CastOptions::Strict });
    }
}

/// Makes a row fail whose instant, moved by an interval, leaves what its dtype holds.
fn check_offset(node: Node, arena: &mut Arena<AExpr>) {
    let AExpr::Function {
        input, function: IRFunctionExpr::TemporalExpr(IRTemporalFunction::OffsetBy), ..
    } = arena.get(node)
    else {
        return;
    };
    let [instant, interval] = &input[..] else { return };
    let AExpr::Literal(interval) = arena.get(interval.node()) else { return };
    let Some(interval) = interval.extract_str().and_then(Interval::parse) else { return };
    let instant = instant.node();
    let moved = arena.get(node).clone();
    let moved = arena.add(moved);
    let input = [("moved", moved), ("instant", instant)]
        .map(|(name, node)| ExprIR::new(node, OutputName::Alias(name.into())))
        .to_vec();
    let function = BaseColumnUdf::new(
        move |columns: &mut [Column]| interval.check(&columns[0], &columns[1]),
        |_: &Schema, fields: &[Field]| Ok(fields[0].clone()),
    );
    let checked = AExpr::AnonymousFunction {
        input,
        function: new_column_udf(function),
        options: FunctionOptions::elementwise(),
        fmt_str: Box::new("checked offset".into()),
    };
    arena.replace(node, checked);
}

/// Whether there are integers somewhere within values of a dtype.
fn holds_integers(dtype: &DataType) -> bool {
    match dtype {
        DataType::List(item) | DataType::Array(item, _) => holds_integers(item),
        DataType::Struct(fields) => fields.iter().any(|field| holds_integers(field.dtype())),
        dtype => dtype.is_integer(),
    }
}

/// The operation that an expression does, if it is one that may wrap, and its operands.
fn operation(expression: &AExpr) -> Option<(Operation, Vec<Node>)> {
    match expression {
        AExpr::BinaryExpr { left, op, right } => {
            let operation = match op {
                Operator::Plus => Operation::Add,
                Operator::Minus => Operation::Subtract,
                Operator::Multiply => Operation::Multiply,
                Operator::FloorDivide => Operation::FloorDivide,
                _ => return None,
            };
            Some((operation, vec![*left, *right]))
        }
        AExpr::Function { input, function, .. } => {
            let operation = match function {
                IRFunctionExpr::Pow(IRPowFunction::Generic) => Operation::Power,
                IRFunctionExpr::Negate => Operation::Negate,
                IRFunctionExpr::Abs => Operation::Absolute,
                _ => return None,
            };
            Some((operation, input.iter().map(ExprIR::node).collect()))
        }
        _ => None,
    }
}
