using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>
/// A vector width, as a strategy that the dense kernels are compiled for: one source serves every width and its scalar twin.
/// The low index bits are the lane of a vector: 2^<see cref="LaneBits"/> lanes.
/// </summary>
/// <typeparam name="TVector">The vector of doubles.</typeparam>
internal unsafe interface ILanes<TVector>
{
    static abstract int LaneBits { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Load(double* address);

    static abstract void Store(TVector value, double* address);

    static abstract TVector Broadcast(double value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a · b + c, fused where the processor can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>c - a · b, fused where the processor can.</summary>
    static abstract TVector MultiplySubtract(TVector a, TVector b, TVector c);

    /// <summary>The pattern with which <see cref="Permute"/> exchanges lane k with lane k XOR <paramref name="xor"/>.</summary>
    static abstract TVector Pattern(int xor);

    static abstract TVector Permute(TVector value, TVector pattern);

    static abstract double Sum(TVector value);
}

/// <summary>Eight lanes: AVX-512.</summary>
internal readonly unsafe struct Lanes512 : ILanes<Vector512<double>>
{
    public static int LaneBits => 3;

    public static Vector512<double> Zero => Vector512<double>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load(double* address) => Vector512.Load(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<double> value, double* address) => value.Store(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Broadcast(double value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Add(Vector512<double> a, Vector512<double> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Multiply(Vector512<double> a, Vector512<double> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> MultiplyAdd(Vector512<double> a, Vector512<double> b, Vector512<double> c) => Vector512.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> MultiplySubtract(Vector512<double> a, Vector512<double> b, Vector512<double> c) => Vector512.MultiplyAddEstimate(-a, b, c);

    public static Vector512<double> Pattern(int xor) => (Vector512<long>.Indices ^ Vector512.Create((long)xor)).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Permute(Vector512<double> value, Vector512<double> pattern) => Vector512.ShuffleNative(value, pattern.AsInt64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector512<double> value) => Vector512.Sum(value);
}

/// <summary>Four lanes: AVX2.</summary>
internal readonly unsafe struct Lanes256 : ILanes<Vector256<double>>
{
    public static int LaneBits => 2;

    public static Vector256<double> Zero => Vector256<double>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Load(double* address) => Vector256.Load(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<double> value, double* address) => value.Store(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Broadcast(double value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Add(Vector256<double> a, Vector256<double> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Multiply(Vector256<double> a, Vector256<double> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> MultiplyAdd(Vector256<double> a, Vector256<double> b, Vector256<double> c) => Vector256.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> MultiplySubtract(Vector256<double> a, Vector256<double> b, Vector256<double> c) => Vector256.MultiplyAddEstimate(-a, b, c);

    // AVX2 permutes 32-bit lanes by a vector: each lane of 64 bits is a pair of them.
    public static Vector256<double> Pattern(int xor) => Avx2.IsSupported
        ? (Vector256<int>.Indices ^ Vector256.Create(2 * xor)).AsDouble()
        : (Vector256<long>.Indices ^ Vector256.Create((long)xor)).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Permute(Vector256<double> value, Vector256<double> pattern) => Avx2.IsSupported
        ? Avx2.PermuteVar8x32(value.AsInt32(), pattern.AsInt32()).AsDouble()
        : Vector256.Shuffle(value, pattern.AsInt64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector256<double> value) => Vector256.Sum(value);
}

/// <summary>Two lanes: ARM's NEON, SSE2.</summary>
internal readonly unsafe struct Lanes128 : ILanes<Vector128<double>>
{
    public static int LaneBits => 1;

    public static Vector128<double> Zero => Vector128<double>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Load(double* address) => Vector128.Load(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<double> value, double* address) => value.Store(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Broadcast(double value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Add(Vector128<double> a, Vector128<double> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Multiply(Vector128<double> a, Vector128<double> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> MultiplyAdd(Vector128<double> a, Vector128<double> b, Vector128<double> c) => Vector128.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> MultiplySubtract(Vector128<double> a, Vector128<double> b, Vector128<double> c) => Vector128.MultiplyAddEstimate(-a, b, c);

    public static Vector128<double> Pattern(int xor) => (Vector128<long>.Indices ^ Vector128.Create((long)xor)).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Permute(Vector128<double> value, Vector128<double> pattern) => Vector128.Shuffle(value, pattern.AsInt64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector128<double> value) => Vector128.Sum(value);
}

/// <summary>One lane: the twin of the vector widths, for machines without vectors and for tests.</summary>
internal readonly unsafe struct LanesScalar : ILanes<double>
{
    public static int LaneBits => 0;

    public static double Zero => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Load(double* address) => *address;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(double value, double* address) => *address = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Broadcast(double value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Add(double a, double b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Multiply(double a, double b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double MultiplyAdd(double a, double b, double c) => a * b + c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double MultiplySubtract(double a, double b, double c) => c - a * b;

    public static double Pattern(int xor) => xor;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Permute(double value, double pattern) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(double value) => value;
}
