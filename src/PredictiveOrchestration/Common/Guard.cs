using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Common;

/// <summary>Checks at the public edge; each failure names the value and the accepted range.</summary>
internal static class Guard
{
    public static int InRange(int value, int minimum, int maximum, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (value < minimum || value > maximum)
        {
            ThrowRange(name, value, minimum, maximum);
        }

        return value;
    }

    public static double Finite(double value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"'{name}' is {value}; a finite number is needed.");
        }

        return value;
    }

    [DoesNotReturn]
    private static void ThrowRange(string? name, int value, int minimum, int maximum) =>
        throw new ArgumentOutOfRangeException(name, value, $"'{name}' is {value}; accepted are {minimum} to {maximum}.");
}
