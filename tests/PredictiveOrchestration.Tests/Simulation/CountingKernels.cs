using System.Numerics;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Tests.Simulation;

/// <summary>Kernels that count the numbers which gates combine, and the rows that factorisations reflect.</summary>
internal sealed unsafe class CountingKernels(MatrixKernelSet kernels) : MatrixKernelSet
{
    public override string Name => kernels.Name;

    public double Combined { get; private set; }

    public double Reflected { get; private set; }

    public override void Multiply(int rows, int columns, int depth, double* ar, double* ai, long strideA, double* br, double* bi, long strideB, double* cr, double* ci, long strideC, double* scratch) =>
        kernels.Multiply(rows, columns, depth, ar, ai, strideA, br, bi, strideB, cr, ci, strideC, scratch);

    public override double Norm(double* xr, double* xi, long length) => kernels.Norm(xr, xi, length);

    public override void Norms(double* xr, double* xi, long stride, Span<double> norms) => kernels.Norms(xr, xi, stride, norms);

    public override (double Re, double Im) Dot(double* xr, double* xi, double* yr, double* yi, long length) => kernels.Dot(xr, xi, yr, yi, length);

    public override void Reflect(double* wr, double* wi, double tau, double* zr, double* zi, long length)
    {
        Reflected++;
        kernels.Reflect(wr, wi, tau, zr, zi, length);
    }

    public override void Rotate(double* xr, double* xi, double* yr, double* yi, double c, double er, double ei, long length) => kernels.Rotate(xr, xi, yr, yi, c, er, ei, length);

    public override void RotateReal(double* x, double* y, double c, double s, long length) => kernels.RotateReal(x, y, c, s, length);

    public override void Subtract(Complex u, double* xr, double* xi, Complex v, double* yr, double* yi, double* zr, double* zi, long length) =>
        kernels.Subtract(u, xr, xi, v, yr, yi, zr, zi, length);

    public override void Combine(Complex u, double* xr, double* xi, Complex v, double* yr, double* yi, double* zr, double* zi, long length)
    {
        Combined += length;
        kernels.Combine(u, xr, xi, v, yr, yi, zr, zi, length);
    }

    public override void Mix(ReadOnlySpan<Complex> matrix, double* xr, double* xi, double* yr, double* yi, long length) => kernels.Mix(matrix, xr, xi, yr, yi, length);
}
