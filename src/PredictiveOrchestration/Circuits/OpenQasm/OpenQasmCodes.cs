namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>The stable codes of <see cref="OpenQasmDiagnostic"/>s. 1xxx: form; 2xxx: names, types, sizes; 3xxx: limits; 4xxx: unsupported; 5xxx: writing.</summary>
public static class OpenQasmCodes
{
    /// <summary>A character has no meaning.</summary>
    public const string UnexpectedCharacter = "OQ1001";

    /// <summary>A string or comment is not closed.</summary>
    public const string Unterminated = "OQ1002";

    /// <summary>Something else was expected here.</summary>
    public const string UnexpectedToken = "OQ1003";

    /// <summary>A number is malformed or out of range.</summary>
    public const string BadNumber = "OQ1004";

    /// <summary>The version is unknown or not at the beginning.</summary>
    public const string BadVersion = "OQ1005";

    /// <summary>The source holds no statement.</summary>
    public const string Empty = "OQ1006";

    /// <summary>The construct belongs to the other version of the language.</summary>
    public const string WrongDialect = "OQ1007";

    /// <summary>A name is not declared.</summary>
    public const string Undeclared = "OQ2001";

    /// <summary>A name is declared twice.</summary>
    public const string Redeclared = "OQ2002";

    /// <summary>A name means another kind of thing than is needed.</summary>
    public const string WrongKind = "OQ2003";

    /// <summary>An index is out of range.</summary>
    public const string IndexRange = "OQ2004";

    /// <summary>Sizes do not fit together.</summary>
    public const string SizeMismatch = "OQ2005";

    /// <summary>The number of parameters or operands is wrong.</summary>
    public const string WrongCount = "OQ2006";

    /// <summary>A qubit is used twice in one operation.</summary>
    public const string RepeatedQubit = "OQ2007";

    /// <summary>A value must be known before the run.</summary>
    public const string NotConstant = "OQ2008";

    /// <summary>A constant is assigned to.</summary>
    public const string ConstantAssigned = "OQ2009";

    /// <summary>A value is not a finite number.</summary>
    public const string NotFinite = "OQ2010";

    /// <summary>An input has no value.</summary>
    public const string UnboundInput = "OQ2011";

    /// <summary>The statement is not allowed here.</summary>
    public const string NotAllowedHere = "OQ2012";

    /// <summary>An included file is not one of the built-in ones.</summary>
    public const string UnknownInclude = "OQ2013";

    /// <summary>The size of a register is wrong.</summary>
    public const string BadSize = "OQ2014";

    /// <summary>Unrolling gives too many operations.</summary>
    public const string TooManyOperations = "OQ3001";

    /// <summary>Nesting is too deep.</summary>
    public const string TooDeep = "OQ3002";

    /// <summary>Unrolling takes too many steps.</summary>
    public const string TooManySteps = "OQ3003";

    /// <summary>There are too many bits or qubits.</summary>
    public const string TooManyBits = "OQ3004";

    /// <summary>The source is too long.</summary>
    public const string TooLong = "OQ3005";

    /// <summary>There are too many errors; reading stopped.</summary>
    public const string TooManyErrors = "OQ3006";

    /// <summary>An opaque gate or extern function has no meaning here.</summary>
    public const string Opaque = "OQ4001";

    /// <summary>The construct is not supported.</summary>
    public const string Unsupported = "OQ4002";

    /// <summary>Timing has no effect.</summary>
    public const string TimingIgnored = "OQ4003";

    /// <summary>Calibration blocks have no effect.</summary>
    public const string CalibrationIgnored = "OQ4004";

    /// <summary>The circuit cannot be written in this version of the language.</summary>
    public const string CannotWrite = "OQ5001";
}
