namespace PredictiveOrchestration.Circuits;

/// <summary>The classical memory of one shot: visible bits, scratch bits and variables, all zero at first. Not thread-safe.</summary>
public sealed class ClassicalState : IEquatable<ClassicalState>
{
    private readonly ulong[] _bits;
    private readonly ClassicalValue[] _variables;

    /// <summary>Creates the memory that <paramref name="circuit"/> needs.</summary>
    public ClassicalState(Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        NumClbits = circuit.NumClbits;
        _bits = new ulong[(circuit.NumClbits + circuit.NumScratchBits + 63) / 64];
        _variables = new ClassicalValue[circuit.Variables.Count];
        for (var i = 0; i < _variables.Length; i++)
        {
            _variables[i] = ClassicalValue.Of(0L).ConvertTo(circuit.Variables[i].Type);
        }
    }

    private ClassicalState(ClassicalState other)
    {
        NumClbits = other.NumClbits;
        _bits = (ulong[])other._bits.Clone();
        _variables = (ClassicalValue[])other._variables.Clone();
    }

    /// <summary>Gets the number of visible classical bits.</summary>
    public int NumClbits { get; }

    /// <summary>Gets or sets a classical bit, scratch bits included.</summary>
    public bool this[int bit]
    {
        get => (_bits[bit >> 6] >> bit & 1) != 0;
        set
        {
            var mask = 1UL << bit;
            _bits[bit >> 6] = value ? _bits[bit >> 6] | mask : _bits[bit >> 6] & ~mask;
        }
    }

    /// <summary>Gets a variable's value.</summary>
    public ClassicalValue GetVariable(int index) => _variables[index];

    /// <summary>Reads up to 64 consecutive bits as an unsigned integer, the first bit least significant.</summary>
    public ulong ReadBits(int start, int length)
    {
        int word = start >> 6, shift = start & 63;
        var value = _bits[word] >> shift;
        if (shift + length > 64)
        {
            value |= _bits[word + 1] << (64 - shift);
        }

        return length == 64 ? value : value & ((1UL << length) - 1);
    }

    /// <summary>Evaluates an assignment and stores its value.</summary>
    public void Execute(ClassicalAssignment assignment)
    {
        ArgumentNullException.ThrowIfNull(assignment);
        var value = assignment.Value.Evaluate(this);
        if (assignment.VariableIndex >= 0)
        {
            _variables[assignment.VariableIndex] = value.ConvertTo(assignment.TargetType);
            return;
        }

        var bits = (ulong)value.ConvertTo(ClassicalType.UInt(assignment.BitCount)).Bits;
        for (var i = 0; i < assignment.BitCount; i++)
        {
            this[assignment.FirstBit + i] = (bits >> i & 1) != 0;
        }
    }

    /// <summary>Reads the visible bits as an outcome.</summary>
    public BitString ToOutcome() => new(_bits.AsSpan(0, (NumClbits + 63) / 64), NumClbits);

    /// <summary>Makes an independent copy.</summary>
    public ClassicalState Clone() => new(this);

    /// <summary>Tells whether all bits and variables are the same.</summary>
    public bool Equals(ClassicalState? other) =>
        other is not null && _bits.AsSpan().SequenceEqual(other._bits) && _variables.AsSpan().SequenceEqual(other._variables);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ClassicalState);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var word in _bits)
        {
            hash.Add(word);
        }

        return hash.ToHashCode();
    }
}

/// <summary>A run-time variable of a circuit.</summary>
/// <param name="Name">The name, for messages and for writing the circuit; unique.</param>
/// <param name="Type">The type.</param>
public sealed record ClassicalVariable(string Name, ClassicalType Type);

/// <summary>A classical assignment: to a variable, or to consecutive classical bits.</summary>
/// <param name="VariableIndex">The variable, or -1 for bits.</param>
/// <param name="FirstBit">The first bit, if bits are assigned.</param>
/// <param name="BitCount">The number of bits, 1 to 64, if bits are assigned.</param>
/// <param name="TargetType">The type of the target.</param>
/// <param name="Value">The value.</param>
public sealed record ClassicalAssignment(int VariableIndex, int FirstBit, int BitCount, ClassicalType TargetType, ClassicalExpression Value);
