namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>The kinds of tokens.</summary>
internal enum TokenKind : byte
{
    End,
    Name,
    Integer,
    Real,
    Duration,
    String,
    Physical,
    Symbol,
    Pragma,
    Annotation,

    /// <summary>Characters without a meaning, while recovering from an error.</summary>
    Invalid,
}

/// <summary>A piece of the source.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Its offset.</param>
/// <param name="Length">Its length.</param>
internal readonly record struct Token(TokenKind Kind, int Start, int Length)
{
    public int End => Start + Length;
}

/// <summary>An error found while reading; caught where statements are read one after the other.</summary>
internal sealed class SyntaxException(string code, int start, int length, string message, string remedy) : Exception(message)
{
    public string Code => code;

    public int Start => start;

    public int Length => length;

    public string Remedy => remedy;

    /// <summary>Whether it is among the findings already: it goes on only to give up what depends on it.</summary>
    public bool IsReported { get; set; }

    /// <summary>Whether reading cannot go on.</summary>
    public bool IsFatal => code.StartsWith("OQ3", StringComparison.Ordinal);
}
