namespace PredictiveOrchestration.Circuits;

/// <summary>What an <see cref="Operation"/> does.</summary>
public enum OperationKind : byte
{
    /// <summary>A gate of the <see cref="GateCatalog"/>, possibly with controls.</summary>
    Gate,

    /// <summary>An arbitrary unitary matrix on 1 to 5 target qubits, possibly with controls.</summary>
    Unitary,

    /// <summary>Measures one qubit in the computational basis into one classical bit.</summary>
    Measure,

    /// <summary>Returns one qubit to |0⟩.</summary>
    Reset,

    /// <summary>Keeps operations on its qubits from moving across it; no effect on the state.</summary>
    Barrier,

    /// <summary>Evaluates a classical expression into a variable or classical bits.</summary>
    Assign,

    /// <summary>Begins a block that runs if a classical expression is true.</summary>
    If,

    /// <summary>Begins the alternative of the enclosing <see cref="If"/>.</summary>
    Else,

    /// <summary>Ends an <see cref="If"/>.</summary>
    EndIf,

    /// <summary>Begins a block that runs as long as a classical expression is true.</summary>
    While,

    /// <summary>Ends a <see cref="While"/>.</summary>
    EndWhile,

    /// <summary>Leaves the enclosing <see cref="While"/>.</summary>
    Break,

    /// <summary>Goes on with the next round of the enclosing <see cref="While"/>.</summary>
    Continue,

    /// <summary>Ends the shot.</summary>
    End,
}
