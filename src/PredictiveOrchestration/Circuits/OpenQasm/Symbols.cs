namespace PredictiveOrchestration.Circuits.OpenQasm;

// What a name can mean.
internal abstract record Symbol;

internal sealed record QubitSymbol(int[] Qubits, bool IsScalar) : Symbol;

/// <summary>Classical bits of the circuit; scratch bits have negative provisional numbers.</summary>
internal sealed record BitSymbol(int[] Bits, bool IsScalar) : Symbol;

/// <summary>A classical variable: a constant while nothing at run time changes it, then a variable of the circuit.</summary>
internal sealed record VariableSymbol(ClassicalType Type, bool IsConst) : Symbol
{
    public ClassicalExpression Value { get; set; } = new ConstantExpression(ClassicalValue.Of(0L).ConvertTo(Type));

    public VariableExpression? Runtime { get; set; }
}

internal sealed record ArraySymbol(ArrayValue Array, bool IsConst) : Symbol;

/// <summary>A gate definition.</summary>
/// <param name="Declaration">The definition.</param>
/// <param name="Equivalent">The built-in gate with the same matrix.</param>
/// <param name="Operations">At least this many operations come of a call.</param>
/// <param name="Steps">At least this many statements are executed by a call.</param>
internal sealed record GateSymbol(GateDeclaration Declaration, BuiltInGate? Equivalent, double Operations, double Steps) : Symbol;

internal sealed record SubroutineSymbol(SubroutineDeclaration Declaration) : Symbol;

/// <summary>A name without a meaning here: an opaque gate, an extern function, a duration.</summary>
internal sealed record OpaqueSymbol(string What) : Symbol;

/// <summary>A name whose declaration had an error.</summary>
internal sealed record FaultySymbol : Symbol;

// What an expression can give.
internal abstract record Value;

internal sealed record ScalarValue(ClassicalExpression Expression) : Value
{
    public ClassicalValue? Constant => (Expression as ConstantExpression)?.Value;
}

internal sealed record QubitsValue(int[] Qubits, bool IsScalar) : Value;

internal sealed record BitsValue(int[] Bits, bool IsScalar) : Value;

internal sealed record ArrayValue(Value[] Items) : Value;

/// <summary>Nested scopes of names.</summary>
internal sealed class Scope(Scope? parent)
{
    // Most blocks declare nothing.
    private Dictionary<string, Symbol>? _symbols;

    public Symbol? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._symbols is { } symbols && symbols.TryGetValue(name, out var symbol))
            {
                return symbol;
            }
        }

        return null;
    }

    public Scope? Parent { get; } = parent;

    public bool TryAdd(string name, Symbol symbol) => (_symbols ??= new(StringComparer.Ordinal)).TryAdd(name, symbol);
}
