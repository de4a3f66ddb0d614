namespace PredictiveOrchestration.Common;

/// <summary>2^k without a call: counting work over a million gates needs it often.</summary>
internal static class PowersOfTwo
{
    /// <summary>2^<paramref name="exponent"/>; 2^1023 for all greater exponents, 2^-1022 for all smaller.</summary>
    public static double Of(int exponent) => BitConverter.Int64BitsToDouble((long)(Math.Clamp(exponent, -1022, 1023) + 1023) << 52);
}
