namespace PredictiveOrchestration.Circuits.OpenQasm;

// The syntax tree. Start is the offset in the source of what an error about the node should point at.
internal abstract record Node(int Start);

internal abstract record Expression(int Start) : Node(Start);

internal sealed record NumberNode(int Start, ClassicalValue Value) : Expression(Start);

internal sealed record BitStringNode(int Start, string Bits) : Expression(Start);

internal sealed record DurationNode(int Start) : Expression(Start);

internal sealed record NameNode(int Start, string Name) : Expression(Start);

internal sealed record PhysicalQubitNode(int Start, int Number) : Expression(Start);

internal sealed record UnaryNode(int Start, string Operator, Expression Operand) : Expression(Start);

internal sealed record BinaryNode(int Start, string Operator, Expression Left, Expression Right) : Expression(Start);

internal sealed record CallNode(int Start, string Name, List<Expression> Arguments) : Expression(Start);

internal sealed record CastNode(int Start, TypeNode Type, Expression Operand) : Expression(Start);

internal sealed record MeasureNode(int Start, Expression Operand) : Expression(Start);

internal sealed record IndexNode(int Start, Expression Target, List<Expression> Items) : Expression(Start);

internal sealed record RangeNode(int Start, Expression? First, Expression? Step, Expression? Last) : Expression(Start);

internal sealed record SetNode(int Start, List<Expression> Items) : Expression(Start);

/// <summary>A type as written: a name, an optional size, and for arrays element type and dimensions.</summary>
internal sealed record TypeNode(int Start, string Name, Expression? Size, TypeNode? Element = null, List<Expression>? Dimensions = null) : Node(Start);

internal abstract record Statement(int Start) : Node(Start);

internal sealed record QubitDeclaration(int Start, string Name, Expression? Size) : Statement(Start);

internal sealed record ClassicalDeclaration(int Start, TypeNode Type, string Name, Expression? Value, bool IsConst, string? Direction) : Statement(Start);

internal sealed record GateDeclaration(int Start, string Name, List<string> Parameters, List<string> Qubits, List<Statement> Body) : Statement(Start);

internal sealed record OpaqueDeclaration(int Start, string Name) : Statement(Start);

internal sealed record SubroutineDeclaration(int Start, string Name, List<(TypeNode Type, string Name)> Parameters, TypeNode? Returns, List<Statement> Body) : Statement(Start);

internal sealed record AliasDeclaration(int Start, string Name, Expression Value) : Statement(Start);

internal sealed record Modifier(int Start, string Name, Expression? Argument);

internal sealed record GateCall(int Start, string Name, List<Modifier> Modifiers, List<Expression> Parameters, List<Expression> Operands) : Statement(Start);

internal sealed record MeasureStatement(int Start, Expression Source, Expression? Target) : Statement(Start);

internal sealed record ResetStatement(int Start, Expression Operand) : Statement(Start);

internal sealed record BarrierStatement(int Start, List<Expression> Operands) : Statement(Start);

internal sealed record IfStatement(int Start, Expression Condition, List<Statement> Then, List<Statement>? Else) : Statement(Start);

internal sealed record ForStatement(int Start, TypeNode Type, string Name, Expression Values, List<Statement> Body) : Statement(Start);

internal sealed record WhileStatement(int Start, Expression Condition, List<Statement> Body) : Statement(Start);

internal sealed record SwitchStatement(int Start, Expression Value, List<(List<Expression> Labels, List<Statement> Body)> Cases, List<Statement>? Default) : Statement(Start);

internal sealed record AssignmentStatement(int Start, Expression Target, string Operator, Expression Value) : Statement(Start);

internal sealed record ExpressionStatement(int Start, Expression Value) : Statement(Start);

internal sealed record ReturnStatement(int Start, Expression? Value) : Statement(Start);

internal sealed record BlockStatement(int Start, List<Statement> Body) : Statement(Start);

/// <summary>break, continue or end.</summary>
internal sealed record JumpStatement(int Start, string Keyword) : Statement(Start);

internal sealed record IncludeStatement(int Start, string File) : Statement(Start);

internal sealed record AnnotationStatement(int Start, string Text) : Statement(Start);

/// <summary>Accepted, without effect: delay, calibration, extern, timing declarations.</summary>
internal sealed record IgnoredStatement(int Start, string What, string? Code) : Statement(Start);
